/** Every pair of a state and a handshake message: only the listed ones are accepted, every other is unexpected_message. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { State, type Settings } from "../../tools/tls/client.ts";
import { identity, type Identity } from "./identities.ts";
import { Content, Kind, Script, message } from "./script.ts";

const UNEXPECTED = 10;

let server: Identity;
let device: Identity;
let settings: Settings;

before(async () => {
  server = await identity("server");
  device = await identity("device");
  settings = { host: "localhost", pins: [server.key], seed: device.seed };
});

/** The way to each state that waits for the peer, and the messages that it accepts there. */
const states: { name: keyof typeof State; reach: (script: Script) => void; accepts: number[] }[] = [
  { name: "WaitSh", reach: () => {}, accepts: [Kind.ServerHello] },
  { name: "WaitEe", reach: (s) => s.helloDone(), accepts: [Kind.EncryptedExtensions] },
  {
    name: "WaitCertCr",
    reach: (s) => {
      s.helloDone();
      s.send(s.encryptedExtensions([[20, "02"]]));
    },
    accepts: [Kind.CertificateRequest, Kind.Certificate],
  },
  {
    name: "WaitCert",
    reach: (s) => {
      s.helloDone();
      s.send(s.encryptedExtensions([[20, "02"]]), s.certificateRequest());
    },
    accepts: [Kind.Certificate],
  },
  {
    name: "WaitCv",
    reach: (s) => {
      s.helloDone();
      s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([s.rawKey]));
    },
    accepts: [Kind.CertificateVerify],
  },
  {
    name: "WaitFinished",
    reach: (s) => {
      s.helloDone();
      s.send(s.encryptedExtensions([[20, "02"]]), s.certificate([s.rawKey]));
      s.send(s.certificateVerify());
    },
    accepts: [Kind.Finished],
  },
  { name: "Connected", reach: (s) => s.connect(), accepts: [Kind.NewSessionTicket, Kind.KeyUpdate] },
  {
    name: "Closing",
    reach: (s) => {
      s.connect();
      s.client.guest.close();
    },
    accepts: [Kind.NewSessionTicket, Kind.KeyUpdate],
  },
];

/** A good message of a kind where there is one, else an empty one. */
function good(script: Script, kind: number): Buffer {
  switch (kind) {
    case Kind.ClientHello:
      return script.hello;
    case Kind.ServerHello:
      return script.serverHello();
    case Kind.NewSessionTicket:
      return script.ticket(Buffer.from("ticket")).message;
    case Kind.EncryptedExtensions:
      return script.encryptedExtensions([[20, "02"]]);
    case Kind.Certificate:
      return script.certificate([script.rawKey]);
    case Kind.CertificateRequest:
      return script.certificateRequest();
    case Kind.CertificateVerify:
      return script.certificateVerify();
    case Kind.Finished:
      return script.finished();
    case Kind.KeyUpdate:
      return message(kind, Buffer.from([0]));
    default:
      return message(kind, Buffer.alloc(0));
  }
}

const kinds = [...Array(32).keys(), 67, 128, 253, 254, 255];

for (const { name, reach, accepts } of states) {
  test(`${name} takes ${accepts.join(" and ")} of ${kinds.length} kinds of message`, () => {
    for (const kind of kinds) {
      const script = new Script(server, settings);
      reach(script);
      assert.equal(script.client.state, State[name]);
      const record = script.record(Content.Handshake, good(script, kind));
      // The client answers a hello's failure in the clear, everything later under its keys.
      if (kind === Kind.ServerHello && name === "WaitSh") {
        script.transcript = Buffer.concat([script.transcript, record.subarray(5)]);
        script.handshakeKeys();
      }
      if (kind === Kind.Finished && name === "WaitFinished") {
        script.transcript = Buffer.concat([script.transcript, script.finished()]);
        script.applicationKeys();
      }
      script.raw(record);
      if (accepts.includes(kind)) {
        assert.deepEqual(
          script.alerts.filter((alert) => alert !== 0),
          [],
          `${name} refuses ${kind}`,
        );
        assert.notEqual(script.client.state, State.Failed);
      } else {
        assert.deepEqual(
          script.alerts.filter((alert) => alert !== 0),
          [UNEXPECTED],
          `${name} takes ${kind}`,
        );
        assert.equal(script.client.state, State.Failed);
      }
    }
  });
}
