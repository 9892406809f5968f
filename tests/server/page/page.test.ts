// Longer than 400 lines: one browser is started for all tests of the page.
// weight: 58 s, 0.5 cores
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setAside } from "../../../tools/server/dead_letters.ts";
import * as keyFile from "../../../tools/server/keys.ts";
import { hex } from "../../../tools/wire/bytes.ts";
import { encode } from "../../../tools/wire/cbor.ts";
import type { Device } from "../../../tools/wire/device.ts";
import * as exchange from "../../../tools/wire/exchange.ts";
import { ask, backup, command, decide, enrolled, refusal, serve, text, type Fixture } from "../harness.ts";
import { close, faint, leave, missing as skip, open, picture, signIn, type Tab } from "./browser.ts";

after(close);

/** A reading as the firmware's `app/app.ts` writes it. */
function reading(milliCelsius: number, uptime: number): Uint8Array {
  return encode(
    new Map([
      [1, milliCelsius],
      [2, uptime],
    ]),
  );
}

async function report(device: Device, server: Fixture, data: Uint8Array): Promise<void> {
  const verdict = await exchange.report(device, server.url, data);
  assert.equal(verdict.kind, "accepted", JSON.stringify(verdict));
}

/** Report so many readings, in one request. */
async function reportMany(device: Device, server: Fixture, many: number): Promise<void> {
  const data = Array.from({ length: many }, (_, i) => reading(20_000 + Math.round(1500 * Math.sin(i / 4)), i));
  const verdict = await exchange.send(device, server.url, device.reports(data));
  assert.equal(verdict.kind, "accepted");
}

/** Send a report in a device's name, without its signature. */
async function forge(device: Device, server: Fixture): Promise<void> {
  const forged = device.report(text("forged"));
  forged[forged.length - 1]! ^= 1;
  assert.equal((await refusal(server, "reports", forged)).reason, "bad-signature");
}

/** Make a token of a scope. */
async function token(server: Fixture, scope: string): Promise<string> {
  const body = JSON.stringify({ name: scope, scope });
  return (await ask(server, server.adminToken, "/v1/tokens", { method: "POST", body })).body.token as string;
}

function short(device: Device): string {
  return hex(device.id).slice(0, 8);
}

/** Open a device's own view. */
async function visit({ page }: Tab, device: Device): Promise<void> {
  await page
    .getByRole("link", { name: short(device) })
    .first()
    .click();
  await page.getByRole("heading", { name: `Device ${short(device)}` }).waitFor();
}

/** A server in real time, which the page shows times against. */
function live(...[t, more, ...rest]: Parameters<typeof serve>): Promise<Fixture> {
  return serve(t, { clock: Date.now, ...more }, ...rest);
}

void test(
  "nothing to see without a token; then devices, and a new report shows without a reload",
  { skip },
  async (t) => {
    const server = await live(t);
    const device = await enrolled(server, { model: "mps2-an386" });
    await report(device, server, reading(20_435, 0));
    const tab = await open(t, server.url);
    assert.equal(await tab.page.getByText(short(device)).count(), 0);
    await picture(tab, "sign-in");
    await signIn(tab, server.adminToken!);
    assert.ok(!tab.asked.some((address) => address.includes(server.adminToken!)), "no address holds the token");
    const row = tab.page.getByRole("row").filter({ hasText: short(device) });
    await row.getByText("active").waitFor();
    const loads = tab.asked.filter((address) => address === `${server.url}/`).length;
    await report(device, server, reading(20_500, 1));
    await row.getByRole("cell", { name: "2", exact: true }).first().waitFor();
    const newcomer = await enrolled(server, { model: "microbit" });
    await tab.page.getByRole("link", { name: short(newcomer) }).waitFor();
    await picture(tab, "devices");
    assert.equal(tab.asked.filter((address) => address === `${server.url}/`).length, loads);
    // The sums count the database, and not the rows that the filter leaves.
    assert.equal(await decide(server, newcomer, "suspend"), 200);
    await tab.page.getByLabel("State").selectOption("active");
    await tab.page.getByRole("link", { name: short(newcomer) }).waitFor({ state: "detached" });
    const sum = async (name: string): Promise<string | null> =>
      tab.page.locator(".tiles > div").filter({ hasText: name }).locator("dd").first().textContent();
    const sums = await Promise.all(["Devices", "Suspended", "Revoked"].map(sum));
    assert.deepEqual(sums, ["2", "1", "0"]);
    await picture(tab, "devices-filtered");
    await leave(tab);
  },
);

void test(
  "a device: readings drawn and growing, its chain with a gap, refusals in its name, the cause of its last end",
  { skip },
  async (t) => {
    const server = await live(t);
    const device = await enrolled(server, { model: "mps2-an386" });
    await reportMany(device, server, 30);
    const tab = await open(t, server.url);
    await signIn(tab, server.adminToken!);
    await visit(tab, device);
    const plot = tab.page.getByRole("img", { name: /^temperature, °C: 30 readings, from .* to .*, the last / });
    await plot.waitFor();
    const drawn = await plot.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      const colours = new Set<number>();
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] === 255) colours.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
      return [...colours];
    });
    assert.ok(drawn.includes(0x0b6e5f), "the line is in the page's colour");
    await tab.page.getByText("none in its newest reports").waitFor();
    await tab.page.getByText(hex(device.id)).dblclick();
    device.counter += 5;
    const last = device.report(reading(21_000, 31), { epitaph: text("die 00000002"), outage: 0x0352_0003 });
    assert.equal((await exchange.send(device, server.url, [last])).kind, "accepted");
    await tab.page.getByRole("img", { name: /^temperature, °C: 31 readings, .* the last 21$/ }).waitFor();
    assert.equal(await tab.page.evaluate(() => String(getSelection())), hex(device.id), "the selection remains");
    const newest = tab.page.getByRole("table", { name: /chain/ }).getByRole("row").nth(1);
    assert.match(
      (await newest.textContent())!,
      /^36.*temperature 21\.000 °C, uptime 31 s.*ended before with die 00000002before it, the link failed at joining the wireless network: an error \(number 3\), 3 times in a row✓ 30, 5 skipped/,
    );
    await tab.page.getByText(/^the link failed at joining .* 3 times in a row, reported (now|\d+ s ago)$/).waitFor();
    await tab.page.getByRole("button", { name: "uptime" }).click();
    await tab.page.getByRole("img", { name: /^uptime, s: 31 readings/ }).waitFor();
    await forge(device, server);
    await tab.page.getByText("1 × bad-signature: the signature is not by its key").waitFor();
    await picture(tab, "device");
    const chain = tab.page.getByRole("table", { name: /chain/ });
    assert.equal(await chain.getByRole("row").count(), 21);
    await tab.page.getByRole("button", { name: "Show more" }).click();
    assert.equal(await chain.getByRole("row").count(), 32);
    assert.equal(await tab.page.getByText("not the one before").count(), 0);
    const [saved] = await Promise.all([
      tab.page.waitForEvent("download"),
      tab.page.getByRole("button", { name: "Export" }).click(),
    ]);
    assert.equal(saved.suggestedFilename(), `${hex(device.id)}.ndjson`);
    // A range comes from the server: its extremes, and the number of all its readings.
    await tab.page.getByRole("button", { name: "Week" }).click();
    await tab.page.getByRole("img", { name: /^uptime, s: 31 readings, from 0 to 31, the last 31$/ }).waitFor();
    await tab.page.getByRole("button", { name: "temperature" }).click();
    await tab.page.getByRole("img", { name: /^temperature, °C: 31 readings, from 18\.501 to 21\.496/ }).waitFor();
    assert.match((await tab.page.getByText("Times are in").textContent())!, /^Times are in [\w/]+\.$/);
    await leave(tab);
  },
);

void test(
  "a device gets a name, a command and an order, and loses one; tokens are made and ended; one with a label sees its devices",
  { skip },
  async (t) => {
    const server = await live(t);
    const [device, other] = [await enrolled(server), await enrolled(server)];
    const tab = await open(t, server.url);
    await signIn(tab, server.adminToken!);
    await visit(tab, device);
    await tab.page.getByText("Edit name, labels and note").click();
    await tab.page.getByLabel("Name").fill("Pumpe Süd 東");
    await tab.page.getByLabel("Labels").fill("owner:müller, site/a");
    await tab.page.getByRole("button", { name: "Save" }).click();
    await tab.page.getByText("owner:müller, site/a").waitFor();
    const press = async (name: string, yes: string): Promise<void> => {
      await tab.page.getByRole("button", { name, exact: true }).click();
      await tab.page.getByRole("dialog").getByRole("button", { name: yes, exact: true }).click();
    };
    await tab.page.getByLabel("Command", { exact: true }).fill("öffnen");
    await press("Send…", "Send");
    const commands = tab.page.getByRole("table", { name: "Newest commands" });
    await commands.getByText("öffnen").waitFor();
    await press("Rotate key…", "Rotate");
    await commands.getByText("rotate the key").waitFor();
    await picture(tab, "commands");
    await press("Withdraw command 2", "Withdraw");
    await commands.getByText("withdrawn").waitFor();
    const verdict = await exchange.report(device, server.url, reading(20_000, 0));
    assert.ok(verdict.kind === "accepted");
    assert.deepEqual(
      verdict.downlinks.map(({ data }) => hex(data)),
      [hex(text("öffnen"))],
    );
    await tab.page.getByRole("link", { name: "Tokens" }).click();
    await tab.page.getByLabel("Name").fill("müller");
    await tab.page.getByLabel("Scope").selectOption("operate");
    await tab.page.getByLabel("Only devices").fill("owner:müller");
    await press("Make a token…", "Make");
    const secret = (await tab.page.getByLabel("New token").textContent())!;
    await picture(tab, "tokens");
    const owner = await open(t, server.url);
    await signIn(owner, secret);
    await owner.page.getByRole("link", { name: short(device) }).waitFor();
    assert.equal(await owner.page.getByRole("link", { name: short(other) }).count(), 0);
    assert.equal(await owner.page.getByRole("link", { name: /Tokens|Log|Sign-up/ }).count(), 0);
    await owner.page.getByLabel("Find").fill("süd");
    await owner.page.getByLabel("by").selectOption("name");
    await owner.page.getByText("Pumpe Süd 東 · owner:müller · site/a").waitFor();
    await owner.page.getByLabel("Silent for").selectOption("an hour");
    await owner.page.getByText("No device matches.").waitFor();
    await owner.page.getByLabel("Silent for").selectOption("any time");
    await visit(owner, device);
    await owner.page.getByRole("button", { name: "Suspend…" }).waitFor();
    await owner.page.getByRole("link", { name: "Alarms" }).click();
    await owner.page.getByText("No alarms.").waitFor();
    await press("End token müller", "End it");
    await owner.page.getByText("may have been revoked").waitFor();
    await leave(owner, /status of 401/);
    await leave(tab);
  },
);

void test(
  "by the keyboard alone: a device is found, its revocation cancelled, then made; the device receives it",
  { skip },
  async (t) => {
    const server = await live(t);
    const device = await enrolled(server);
    await report(device, server, reading(20_000, 0));
    const tab = await open(t, server.url);
    const { keyboard } = tab.page;
    const focused = (): Promise<string> => tab.page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
    /** Go on with the key until something of that name has the focus. */
    const reach = async (name: string | RegExp): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        await keyboard.press("Tab");
        const outline = await tab.page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle);
        assert.notEqual(outline, "none", `${await focused()} shows its focus`);
        if ((await focused()).match(name)) return;
      }
      assert.fail(`${String(name)} is not reached`);
    };
    await keyboard.type(server.adminToken!);
    await keyboard.press("Enter");
    await tab.page.getByRole("link", { name: short(device) }).waitFor();
    await reach(short(device));
    await keyboard.press("Enter");
    await tab.page.getByRole("button", { name: "Revoke…" }).waitFor();
    assert.match(await focused(), new RegExp(`^Device ${short(device)}`), "the focus is where the news is");
    await reach("Revoke…");
    await keyboard.press("Enter");
    const dialog = tab.page.getByRole("dialog", { name: /^Revoke device/ });
    await dialog.waitFor();
    await keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await focused(), "Revoke…", "the focus is back");
    await report(device, server, reading(20_000, 1));
    await keyboard.press("Enter");
    await dialog.waitFor();
    await picture(tab, "revoke");
    await keyboard.type("stolen");
    await reach("Revoke permanently");
    await keyboard.press("Enter");
    await tab.page.getByRole("heading", { name: /revoked$/ }).waitFor();
    assert.equal(await tab.page.getByRole("button", { name: "Revoke…" }).count(), 0);
    assert.match((await tab.page.locator("#announcer").textContent())!, /is revoked\.$/);
    const verdict = await exchange.report(device, server.url, reading(20_000, 2));
    assert.ok(verdict.kind === "refused" && verdict.reason === "revoked" && verdict.signed);
    await tab.page.getByText("1 × revoked: the device is revoked, or was replaced").waitFor();
    const { entries } = (await ask(server, server.adminToken, "/v1/log")).body;
    assert.deepEqual([entries[0].action, entries[0].actor, entries[0].detail.reason], ["revoke", "first", "stolen"]);
    await tab.page.getByRole("link", { name: "Log" }).click();
    await tab.page.getByText("reason stolen").waitFor();
    await picture(tab, "log");
    await leave(tab);
  },
);

void test(
  "claims are made after a question, shown once, and admit a device; a device without one is listed",
  { skip },
  async (t) => {
    const server = await live(t, { policy: "claim" });
    const tab = await open(t, server.url);
    await signIn(tab, await token(server, "operate"));
    await tab.page.getByText("No device has enrolled yet").waitFor();
    await tab.page.getByText(hex(server.publicKey)).waitFor();
    await picture(tab, "empty");
    await tab.page.getByRole("link", { name: "make one" }).click();
    const turnedAway = server.device();
    await exchange.enrol(turnedAway, server.url);
    await tab.page.getByText(hex(turnedAway.id)).waitFor();
    await tab.page.getByLabel("How many").fill("2");
    await tab.page.getByLabel("Note").fill("batch 7");
    await tab.page.getByRole("button", { name: "Make claims…" }).click();
    await tab.page.getByRole("button", { name: "Cancel" }).click();
    assert.equal((await ask(server, server.adminToken, "/v1/log")).body.entries.length, 2, "two tokens, and no claim");
    await tab.page.getByRole("button", { name: "Make claims…" }).click();
    await tab.page.getByRole("button", { name: "Make", exact: true }).click();
    const shown = (await tab.page.getByLabel("Claims", { exact: true }).textContent())!.split("\n");
    await picture(tab, "claims");
    assert.equal(shown.length, 2);
    const device = await enrolled(server, { claim: new Uint8Array(Buffer.from(shown[0]!, "hex")) });
    await tab.page.getByRole("link", { name: "Devices" }).click();
    await tab.page.getByRole("link", { name: short(device) }).waitFor();
    await tab.page.getByRole("link", { name: "Sign-up" }).click();
    await tab.page.getByRole("button", { name: "Make claims…" }).waitFor();
    assert.equal(await tab.page.getByText(shown[1]!).count(), 0, "shown once");
    await leave(tab);
  },
);

void test("an id is invited where the policy is a list", { skip }, async (t) => {
  const server = await live(t, { policy: "allowlist" });
  const device = server.device();
  assert.equal((await exchange.enrol(device, server.url)).kind, "refused");
  const tab = await open(t, server.url);
  await signIn(tab, server.adminToken!);
  await tab.page.getByRole("link", { name: "invite it" }).click();
  await tab.page.getByLabel("Ids").fill(`${hex(device.id)}\n`);
  await tab.page.getByRole("button", { name: "Invite…" }).click();
  await tab.page.getByRole("button", { name: "Invite", exact: true }).click();
  await tab.page.getByRole("alert").getByText("1 of 1 are new on the list.").waitFor();
  assert.equal((await exchange.enrol(device, server.url)).kind, "accepted");
  await leave(tab);
});

void test(
  "alarms: a fork, a duplicate key and a burst are shown at once, counted, and explained",
  { skip },
  async (t) => {
    const server = await live(t);
    const seed = new Uint8Array(32).fill(7);
    const device = await enrolled(server, { seed });
    await report(device, server, reading(20_000, 0));
    const tab = await open(t, server.url);
    await signIn(tab, server.adminToken!);
    const twin = server.device({ seed, model: "another" });
    twin.reportedIn = device.reportedIn;
    await exchange.enrol(twin, server.url);
    const before = twin.head;
    await report(twin, server, reading(20_000, 1));
    await tab.page.getByRole("alert").getByText("duplicate key: another board").waitFor();
    const fork = twin.report(reading(99_000, 1), { after: before, counter: 2 });
    assert.equal((await refusal(server, "reports", fork)).reason, "forked");
    await tab.page.getByRole("alert").getByText("fork: same-counter").waitFor();
    await tab.page
      .getByRole("row")
      .filter({ hasText: short(device) })
      .getByText("suspended")
      .waitFor();
    for (let i = 0; i < 25; i++) await forge(device, server);
    await tab.page.getByRole("alert").getByText("burst of refusals").waitFor();
    await tab.page.getByRole("link", { name: "See alarms" }).click();
    const table = tab.page.getByRole("table", { name: "Alarms" });
    await table.getByText(/burst of refusals: \d+, first /).waitFor();
    await table.getByText("Two devices have this key.").waitFor();
    await table.getByText("Two devices have one key").waitFor();
    await tab.page.getByRole("link", { name: "Alarms 3" }).waitFor();
    await picture(tab, "alarms");
    // An acknowledged alarm stays in the list, and is counted no more.
    await table
      .getByRole("row")
      .filter({ hasText: "fork" })
      .first()
      .getByRole("button", { name: /^Acknowledge entry/ })
      .click();
    await tab.page.getByLabel("Reason, for the log").fill("the copy was found");
    await tab.page.getByRole("button", { name: "Acknowledge", exact: true }).click();
    await tab.page.getByRole("link", { name: "Alarms 2" }).waitFor();
    await table.getByText("by first: the copy was found").waitFor();
    await picture(tab, "alarms-acknowledged");
    await visit(tab, device);
    await tab.page.getByText("3 alarms name this device.").waitFor();
    await tab.page.getByRole("button", { name: "Restore…" }).click();
    await tab.page.getByRole("button", { name: "Restore", exact: true }).click();
    await tab.page.getByRole("heading", { name: /active$/ }).waitFor();
    await leave(tab);
  },
);

void test("dead letters of the webhook are listed, sent again, and dropped", { skip }, async (t) => {
  const server = await live(t);
  const device = await enrolled(server);
  for (let n = 0; n < 2; n++) await report(device, server, reading(20_000, n));
  const place = { store: server.store, keys: keyFile.load(server.options.key!) };
  for (const item of [
    { stream: new Uint8Array(0), position: 1 },
    { stream: device.id, position: 2 },
  ])
    await server.store.write((tx) => setAside(place, tx, Date.now(), item, "status <400>"));
  const tab = await open(t, server.url);
  await signIn(tab, server.adminToken!);
  await tab.page.getByRole("link", { name: "Alarms 1" }).click();
  await tab.page.getByText("refuses items and accepts others. They are listed below").waitFor();
  const table = tab.page.getByRole("table", { name: "Dead letters" });
  const of = (name: string): ReturnType<typeof table.getByRole> => table.getByRole("row").filter({ hasText: name });
  await of("report 2 of").getByText("status <400>").waitFor();
  await picture(tab, "letters");
  await of("report 2 of")
    .getByRole("button", { name: /^Send again/ })
    .click();
  await of("report 2 of").getByText("is sent again…").waitFor();
  await of("entry 1 of the log").getByRole("button", { name: /^Drop/ }).click();
  await tab.page.getByLabel("Reason, for the log").fill("known");
  await tab.page.getByRole("button", { name: "Drop", exact: true }).click();
  await of("entry 1 of the log").waitFor({ state: "detached" });
  const { letters } = (await ask(server, server.adminToken, "/v1/letters")).body;
  assert.deepEqual(
    letters.map(({ id, wantedAt }: { id: string; wantedAt: number | null }) => [id, wantedAt !== null]),
    [[`${hex(device.id)}/2`, true]],
  );
  await leave(tab);
});

void test(
  "a restored backup: the gap and its length, the obeyed commands, the repaired records",
  { skip },
  async (t) => {
    let server = await live(t);
    const device = await enrolled(server);
    await report(device, server, reading(20_000, 0));
    const saved = await backup(server);
    server = saved.server;
    await command(server, device, "01", 1e12);
    for (let i = 1; i < 6; i++) await report(device, server, reading(20_000, i));
    server = await saved.putBack(server);
    assert.equal((await exchange.report(device, server.url, text("x"))).kind, "refused");
    await exchange.enrol(device, server.url);
    const repaired = device.report(reading(20_000, 6), { damaged: 2 });
    assert.equal((await exchange.send(device, server.url, [repaired])).kind, "accepted");
    const tab = await open(t, server.url);
    await signIn(tab, server.adminToken!);
    await visit(tab, device);
    await tab.page.getByText("a backup was restored: gap after 1, before 8: at most 6 reports are missing.").waitFor();
    await tab.page.getByText("1 queued, none obeyed, none up to 1 any more").waitFor();
    await tab.page.getByText("repaired 2 damaged records").waitFor();
    await tab.page.getByRole("link", { name: "Alarms 2" }).click();
    const table = tab.page.getByRole("table", { name: "Alarms" });
    await table.getByText("A backup was restored: the device sent these reports before").waitFor();
    await table.getByText("Commands continue with higher numbers").waitFor();
    await leave(tab);
  },
);

void test("text from devices and operators is shown as text only", { skip }, async (t) => {
  const server = await live(t);
  const hostile = {
    model: "<img src=x onerror=pwned=1>",
    software: "<svg onload=pwned=1>",
    version: "'\"><b id=pwned>\u202Eevil",
  };
  const device = await enrolled(server, hostile);
  await report(device, server, text("<script>pwned=1</script><img src=//evil.test/x onerror=pwned=1>"));
  await report(
    device,
    server,
    encode(
      new Map<string, string>([
        ["<i id=pwned>", "javascript:pwned=1"],
        ["__proto__", "<b>"],
      ]),
    ),
  );
  const last = device.report(new Uint8Array([0xbf, 0xff]), { epitaph: text("<u onclick=pwned=1>") });
  assert.equal((await exchange.send(device, server.url, [last])).kind, "accepted");
  const reason = "<img src=x onerror=pwned=1>";
  const path = `/v1/devices/${hex(device.id)}`;
  await ask(server, server.adminToken, `${path}/suspend`, { method: "POST", body: JSON.stringify({ reason }) });
  const tab = await open(t, server.url);
  await signIn(tab, server.adminToken!);
  const inert = async (): Promise<void> => {
    const found = await tab.page.evaluate(() => [
      "pwned" in globalThis,
      document.querySelectorAll("main :is(img, svg, script, b#pwned, i, u, [onclick], [onerror])").length,
    ]);
    assert.deepEqual(found, [false, 0]);
  };
  await tab.page.getByText(hostile.model).waitFor();
  await tab.page.getByText(`${hostile.software} ${hostile.version}`).waitFor();
  await inert();
  await visit(tab, device);
  await tab.page.getByText("<script>pwned=1</script>").waitFor();
  await tab.page.getByText("__proto__ <b>, <i id=pwned> javascript:pwned=1").waitFor();
  await tab.page.getByText("bytes bfff").waitFor();
  await tab.page.getByText("<u onclick=pwned=1>").waitFor();
  await inert();
  await picture(tab, "hostile");
  await tab.page.getByRole("link", { name: "Log" }).click();
  await tab.page.getByText(`reason ${reason}`).waitFor();
  await inert();
  await tab.page.goto(`${server.url}/#/device/${encodeURIComponent("<img src=x onerror=pwned=1>")}`);
  await tab.page.getByText("There is no such device.").waitFor();
  await tab.page.goto(`${server.url}/#/constructor`);
  await tab.page.getByRole("heading", { name: "Devices" }).waitFor();
  await inert();
  await leave(tab, /status of 40[04]/);
});

void test(
  "the policy of the page: nothing inline, no other origin, in no frame, no text made into markup",
  { skip },
  async (t) => {
    const server = await live(t);
    const answer = await fetch(server.url);
    const policy = answer.headers.get("content-security-policy")!;
    assert.match(policy, /^default-src 'none'; script-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*|http|data:/);
    assert.match(policy, /frame-ancestors 'none'/);
    for (const path of ["/", "/page/main.js", "/page/page.css", "/page/uplot.js"]) {
      const { headers, status } = await fetch(server.url + path);
      assert.equal(status, 200);
      assert.deepEqual(
        [headers.get("x-content-type-options"), headers.get("content-security-policy")],
        ["nosniff", policy],
      );
    }
    for (const path of [
      "/page/",
      "/page/../server.ts",
      "/page/%2e%2e/server.ts",
      "/page/index.html",
      "/page/uplot.d.ts",
    ])
      assert.equal((await fetch(server.url + path)).status, 404, path);
    const tab = await open(t, server.url);
    const done = await tab.page.evaluate(async () => {
      const script = document.createElement("script");
      let refused = false;
      try {
        script.textContent = "globalThis.pwned = 1";
      } catch {
        refused = true;
      }
      document.head.append(script);
      const elsewhere = await fetch("https://evil.test/").then(
        () => "answered",
        () => "blocked",
      );
      return [refused, "pwned" in globalThis, elsewhere];
    });
    assert.deepEqual(done, [true, false, "blocked"]);
    assert.match(tab.complaints.join("\n"), /Connecting to 'https:\/\/evil\.test\/' violates/);
    await leave(tab, /./);
  },
);

void test(
  "a wrong token is refused; one that may only read offers no decision; one that has ended signs out",
  { skip },
  async (t) => {
    const server = await live(t);
    const device = await enrolled(server);
    const tab = await open(t, server.url);
    for (const wrong of ["signet_wrong", "schlüssel"]) {
      await tab.page.getByLabel("Token").fill(wrong);
      await tab.page.getByRole("button", { name: "Sign in" }).click();
      await tab.page
        .getByRole("alert")
        .getByText(wrong === "signet_wrong" ? /does not know this token/ : /is no token/)
        .waitFor();
    }
    await picture(tab, "wrong-token");
    await signIn(tab, await token(server, "read"));
    await visit(tab, device);
    await tab.page.getByRole("button", { name: "Export" }).waitFor();
    assert.equal(await tab.page.getByRole("button", { name: /Revoke|Suspend/ }).count(), 0);
    await tab.page.getByRole("link", { name: "Sign-up" }).click();
    await tab.page.getByText("needs the scope operate").waitFor();
    assert.equal(await tab.page.getByRole("button", { name: /claim/i }).count(), 0);
    await tab.page.reload();
    await tab.page.getByText("needs the scope operate").waitFor();
    await tab.page.getByRole("status").getByText("Live").waitFor();
    // The server ends the stream of the token, and the page signs out without a click.
    await ask(server, server.adminToken, "/v1/tokens/end", { method: "POST", body: JSON.stringify({ name: "read" }) });
    await tab.page
      .getByRole("alert")
      .getByText(/may have been revoked/)
      .waitFor();
    assert.equal(await tab.page.evaluate(() => sessionStorage.length), 0);
    await leave(tab, /status of 401/);
  },
);

void test("the page shows that the server is away, and catches up when it is back", { skip }, async (t) => {
  // It has to come back where it was.
  const { port, close: free } = await live(t);
  await free();
  const server = await live(t, { port });
  const device = await enrolled(server);
  const tab = await open(t, server.url);
  await signIn(tab, server.adminToken!);
  const row = tab.page.getByRole("row").filter({ hasText: short(device) });
  await row.waitFor();
  const back = server.restart();
  await tab.page.getByRole("status").getByText("Server not reached").waitFor();
  await picture(tab, "away");
  const again = await back;
  await report(device, again, reading(20_000, 0));
  await tab.page.getByRole("status").getByText("Live").waitFor();
  await row.getByRole("cell", { name: "1", exact: true }).first().waitFor();
  await report(device, again, reading(20_000, 1));
  await row.getByRole("cell", { name: "2", exact: true }).first().waitFor();
  await leave(tab, /Failed to load resource/);
});

void test(
  "on a phone, dark and light: no view is wider than the screen, and all text has contrast",
  { skip },
  async (t) => {
    const server = await live(t);
    const seed = new Uint8Array(32).fill(9);
    const device = await enrolled(server, { seed, model: "microbit" });
    await reportMany(device, server, 30);
    await report(device, server, text("W".repeat(300)));
    const twin = server.device({ seed, model: "another" });
    await exchange.enrol(twin, server.url);
    await forge(device, server);
    const revoked = await enrolled(server, { software: "x".repeat(32), version: "9".repeat(32) });
    await ask(server, server.adminToken, `/v1/devices/${hex(revoked.id)}/revoke`, { method: "POST", body: "{}" });
    const views = ["#/", `#/device/${hex(device.id)}`, "#/alarms", "#/sign-up", "#/tokens", "#/log"];
    for (const [colorScheme, viewport] of [
      ["light", { width: 360, height: 740 }],
      ["dark", { width: 360, height: 740 }],
      ["dark", { width: 1280, height: 800 }],
    ] as const) {
      const tab = await open(t, server.url, {
        viewport,
        colorScheme,
        reducedMotion: "reduce",
        hasTouch: viewport.width < 400,
      });
      await signIn(tab, server.adminToken!);
      for (const view of views) {
        await tab.page.goto(`${server.url}/${view}`);
        await tab.page.getByRole("heading", { level: 1 }).waitFor();
        await tab.page.locator("main :is(table, .empty)").first().waitFor();
        const name = `${viewport.width < 400 ? "phone" : "desktop"}-${colorScheme}-${view.split("/")[1] || "devices"}`;
        await picture(tab, name);
        const wide = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${name} is ${wide} pixels too wide`);
        assert.deepEqual(await faint(tab), [], name);
      }
      await leave(tab);
    }
  },
);
