/** RFC 8448's traces, secret by secret: simple 1-RTT (§3), resumed (§4), HelloRetryRequest (§5). */
import * as schedule from "../../../assembly/tls/schedule";
import * as evidence from "../../../assembly/tls/evidence";
import { hex, show } from "../support/hex";

const HELLO =
  "010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece700000613011303130201" +
  "0000910000000b0009000006736572766572ff01000100000a00140012001d0017001800190100010101020103010400" +
  "230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b00" +
  "03020304000d0020001e040305030603020308040805080604010501060102010402050206020202002d00020101001c" +
  "00024001";
const SERVER_HELLO =
  "020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e00330024" +
  "001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304";
const EXTENSIONS = "080000240022000a00140012001d00170018001901000101010201030104001c0002400100000000";
/** The server's, in this trace and in that of the retry. */
const CERTIFICATE =
  "0b0001b9000001b50001b0308201ac30820115a003020102020102300d06092a864886f70d01010b0500300e310c300a" +
  "06035504031303727361301e170d3136303733303031323335395a170d3236303733303031323335395a300e310c300a" +
  "0603550403130372736130819f300d06092a864886f70d010101050003818d0030818902818100b4bb498f8279303d98" +
  "0836399b36c6988c0c68de55e1bdb826d3901a2461eafd2de49a91d015abbc9a95137ace6c1af19eaa6af98c7ced4312" +
  "0998e187a80ee0ccb0524b1b018c3e0b63264d449a6d38e22a5fda430846748030530ef0461c8ca9d9efbfae8ea6d1d0" +
  "3e2bd193eff0ab9a8002c47428a6d35a8d88d79f7f1e3f0203010001a31a301830090603551d1304023000300b060355" +
  "1d0f0404030205a0300d06092a864886f70d01010b05000381810085aad2a0e5b9276b908c65f73a7267170618a54c5f" +
  "8a7b337d2df7a594365417f2eae8f8a58c8f8172f9319cf36b7fd6c55b80f21a03015156726096fd335e5e67f2dbf102" +
  "702e608ccae6bec1fc63a42a99be5c3eb7107c3c54e9b9eb2bd5203b1c3b84e0a8b2f759409ba3eac9d91d402dcc0cc8" +
  "f8961229ac9187b42b4de10000";
const VERIFY =
  "0f000084080400805a747c5d88fa9bd2e55ab085a61015b7211f824cd484145ab3ff52f1fda8477b0b7abc90db78e2d3" +
  "3a5c141a078653fa6bef780c5ea248eeaaa785c4f394cab6d30bbe8d4859ee511f602957b15411ac027671459e46445c" +
  "9ea58c181e818e95b8c3fb0bf3278409d3be152a3da5043e063dda65cdf5aea20d53dfacd42f74f3";
const FINISHED = "140000209b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718";

const RETRIED_HELLO =
  "010000b00303b0b1c5a5aa37c5919f2ed1d5c6fff7fcb7849716945a2b8cee9258a346677b6f00000613011303130201" +
  "0000810000000b0009000006736572766572ff01000100000a00080006001d00170018003300260024001d0020e8e8e3" +
  "f3b93a25ed97a14a7dcacb8a272c6288e585c6484d05262fcad062ad1f002b0003020304000d0020001e040305030603" +
  "020308040805080604010501060102010402050206020202002d00020101001c00024001";
const RETRY =
  "020000ac0303cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c00130100008400330002" +
  "0017002c0074007271dcd04bb88bc3189119398a00000000eefafc76c146b823b096f8aacad365dd0030953f4edf6256" +
  "36e5f21bb2e23fcc654b1b5b40318d10d137abcbb87574e36e8a1f025f7dfa5d6e50781b5eda4aa15b0c8be778257d16" +
  "aa3030e9e7841dd9e4c0342267e8ca0caf571fb2b7cff0f934b0002b00020304";
/** Without the zeros of its padding. */
const SECOND_HELLO =
  "010001fc0303b0b1c5a5aa37c5919f2ed1d5c6fff7fcb7849716945a2b8cee9258a346677b6f00000613011303130201" +
  "0001cd0000000b0009000006736572766572ff01000100000a00080006001d001700180033004700450017004104a6da" +
  "7392ec591e17abfd535964b99894d13befb221b3def2ebe3830eac8f0151812677c4d6d2237e85cf01d6910cfb83954e" +
  "76ba7352830534159897e8065780002b0003020304000d0020001e040305030603020308040805080604010501060102" +
  "010402050206020202002c0074007271dcd04bb88bc3189119398a00000000eefafc76c146b823b096f8aacad365dd00" +
  "30953f4edf625636e5f21bb2e23fcc654b1b5b40318d10d137abcbb87574e36e8a1f025f7dfa5d6e50781b5eda4aa15b" +
  "0c8be778257d16aa3030e9e7841dd9e4c0342267e8ca0caf571fb2b7cff0f934b0002d00020101001c00024001001500" +
  "af";
const SECOND_SERVER_HELLO =
  "020000770303bb341d847fd789c47c387172dc0c9bf147fccacb5043d86ca4c598d3ff571b9800130100004f00330045" +
  "0017004104583e054b7a66672ae020ad9d2686fcc85b5ad41a134a0f03ee72b893052bd85b4c8de6776f5b04ac07d835" +
  "40eab3e3d9c547bc6528c4317d294686093a6cad7d002b00020304";
const RETRIED_EXTENSIONS = "080000180016000a0008000600170018001d001c0002400100000000";
const RETRIED_VERIFY =
  "0f0000840804008033ab13d4462707231b5dcae6c8190b63d1dabc74f28c395370da0b07e5b83066d0246a31acd95df4" +
  "75bfd799a4a70d33ad93d3a317a9b2c0d237a5685b219e774112e391a247607d1aeff1bbd0a39f382ee1a5fe88ae99ec" +
  "59228e6497e45d48ce275a6d5ef40d169fb6f9d33b052ed3dcdd6b5a48baafffbcb290128415bd38";
const RETRIED_FINISHED = "140000208863e6bfb0420a927fa27f34336a70ae426e968e3eb884945b96856dba3976d1";

/** Before and after the zeros of its padding, without the binders. */
const RESUMED_HELLO =
  "010001fc03031bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d9500000613011303130201" +
  "0001cd0000000b0009000006736572766572ff01000100000a00140012001d0017001800190100010101020103010400" +
  "3300260024001d0020e4ffb68ac05f8d96c99da26698346c6be16482badddafe051a66b4f18d668f0b002a0000002b00" +
  "03020304000d0020001e040305030603020308040805080604010501060102010402050206020202002d00020101001c" +
  "0002400100150057";
const RESUMED_TICKET =
  "002900dd00b800b22c035d829359ee5ff7af4ec900000000262a6494dc486d2c8a34cb33fa90bf1b0070ad3c498883c9" +
  "367c09a2be785abc55cd226097a3a982117283f82a03a143efd3ff5dd36d64e861be7fd61d2827db279cce145077d454" +
  "a3664d4e6da4d29ee03725a6a4dafcd0fc67d2aea70529513e3da2677fa5906c5b3f7d8f92f228bda40dda721470f9fb" +
  "f297b5aea617646fac5c03272e970727c621a79141ef5f7de6505e5bfbc388e93343694093934ae4d357fad6aacb";
const BINDERS = "0021203add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d";
const RESUMED_SERVER_HELLO =
  "0200005c03033ccfd2dec890222763472ae8136777c9d7358777bb66e91ea5122495f559ea2d00130100003400290002" +
  "000000330024001d0020121761ee42c333e1b9e77b60dd57c2053cd94512ab47f115e86eff50942cea31002b00020304";
const RESUMED_EXTENSIONS = "080000280026000a00140012001d00170018001901000101010201030104001c0002400100000000002a0000";
const RESUMED_FINISHED = "1400002048d3e0e1b3d907c6acff145e16090388c77b05c050b634ab1a88bbd0dd1a34b2";
const END_OF_EARLY_DATA = "05000000";

const ZEROS_HELLO: i32 = 0x57;
const ZEROS_RETRIED: i32 = 0xaf;

const out = memory.data(64, 8);

function absorb(text: string): void {
  const bytes = hex(text);
  schedule.absorb(bytes.dataStart, bytes.length);
}

function absorbZeros(count: i32): void {
  const zeros = new Uint8Array(count);
  schedule.absorb(zeros.dataStart, count);
}

function handshake(shared: string): void {
  const bytes = hex(shared);
  schedule.handshake(bytes.dataStart, 32);
}

function proven(): void {
  evidence.reset();
  evidence.add(evidence.Proof.Anchor, 0);
  evidence.add(evidence.Proof.Signature, 0);
  evidence.add(evidence.Proof.Finished, 0);
}

describe("the key schedule", () => {
  it("follows the simple 1-RTT trace (RFC 8448 §3)", () => {
    schedule.begin();
    schedule.early(0);
    absorb(HELLO);
    absorb(SERVER_HELLO);
    handshake("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
    expect(show(schedule.clientTraffic, 32)).toBe("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
    expect(show(schedule.serverTraffic, 32)).toBe("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
    schedule.keys(out, 16, out + 16, 12, schedule.serverTraffic);
    expect(show(out, 28)).toBe("3fce516009c21727d0f2e4e86ee403bc5d313eb2671276ee13000b30");
    schedule.keys(out, 16, out + 16, 12, schedule.clientTraffic);
    expect(show(out, 28)).toBe("dbfaa693d1762c5b666af5d950258d015bd3c71b836e0b76bb73265f");
    absorb(EXTENSIONS);
    absorb(CERTIFICATE);
    absorb(VERIFY);
    schedule.serverFinished(out);
    expect("14000020" + show(out, 32)).toBe(FINISHED);
    absorb(FINISHED);
    proven();
    schedule.master();
    expect(show(schedule.serverTraffic, 32)).toBe("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
    schedule.keys(out, 16, out + 16, 12, schedule.serverTraffic);
    expect(show(out, 28)).toBe("9f02283b6c9c07efc26bb9f2ac92e356cf782b88dd83549aadf1e984");
    schedule.clientFinished(out);
    expect(show(out, 32)).toBe("a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61");
    absorb("14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61");
    schedule.complete();
    expect(show(schedule.clientTraffic, 32)).toBe("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
    schedule.keys(out, 16, out + 16, 12, schedule.clientTraffic);
    expect(show(out, 28)).toBe("17422dda596ed5d9acd890e3c63f50515b78923dee08579033e523d9");
    const nonce = hex("0000");
    schedule.ticketKey(out, nonce.dataStart, 2);
    expect(show(out, 32)).toBe("4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3");
  });

  it("binds the resumed hello to its ticket (RFC 8448 §4)", () => {
    schedule.begin();
    const psk = hex("4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3");
    schedule.early(psk.dataStart);
    absorb(RESUMED_HELLO);
    absorbZeros(ZEROS_HELLO);
    absorb(RESUMED_TICKET);
    schedule.digest(out);
    expect(show(out, 32)).toBe("63224b2e4573f2d3454ca84b9d009a04f6be9e05711a8396473aefa01e924a14");
    schedule.binder(out, false);
    expect(show(out, 32)).toBe("3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d");
    schedule.binder(out, true);
    expect(show(out, 32)).not.toBe("3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d");
  });

  it("follows the resumed trace to its end (RFC 8448 §4)", () => {
    schedule.begin();
    const psk = hex("4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3");
    schedule.early(psk.dataStart);
    absorb(RESUMED_HELLO);
    absorbZeros(ZEROS_HELLO);
    absorb(RESUMED_TICKET);
    absorb(BINDERS);
    schedule.digest(out);
    expect(show(out, 32)).toBe("08ad0fa05d7c7233b1775ba2ff9f4c5b8b59276b7f227f13a976245f5d960913");
    absorb(RESUMED_SERVER_HELLO);
    schedule.digest(out);
    expect(show(out, 32)).toBe("f736cb34fe25e701551bee6fd24c1cc7102a7daf9405cb15d97aafe16f757d03");
    handshake("f44194756ff9ec9d25180635d66ea6824c6ab3bf179977be37f723570e7ccb2e");
    expect(show(schedule.clientTraffic, 32)).toBe("2faac08f851d35fea3604fcb4de82dc62c9b164a70974d0462e27f1ab278700f");
    expect(show(schedule.serverTraffic, 32)).toBe("fe927ae271312e8bf0275b581c54eef020450dc4ecffaa05a1a35d27518e7803");
    absorb(RESUMED_EXTENSIONS);
    schedule.serverFinished(out);
    expect("14000020" + show(out, 32)).toBe(RESUMED_FINISHED);
    absorb(RESUMED_FINISHED);
    schedule.digest(out);
    expect(show(out, 32)).toBe("b0aeffc46a2cfe33114e6fd7d51f9f04b1ca3c497dab08934a774a9d9ad7dbf3");
    evidence.reset();
    evidence.add(evidence.Proof.PreShared, 0);
    evidence.add(evidence.Proof.Finished, 0);
    schedule.master();
    expect(show(schedule.serverTraffic, 32)).toBe("cc21f1bf8feb7dd5fa505bd9c4b468a9984d554a993dc49e6d285598fb672691");
    // The trace's client sent early data; this one never does, but the schedule does not care what a message is.
    absorb(END_OF_EARLY_DATA);
    schedule.clientFinished(out);
    expect(show(out, 32)).toBe("7230a9c952c25cd6138fc5e6628308c41c5335dd81b9f96bcea50fd32bda416d");
    absorb("140000207230a9c952c25cd6138fc5e6628308c41c5335dd81b9f96bcea50fd32bda416d");
    schedule.digest(out);
    expect(show(out, 32)).toBe("c3c122e0bd907a4a3ff6112d8fd53dbf89c773d9552e8b6b9d56d361b3a97bf6");
    schedule.complete();
    expect(show(schedule.clientTraffic, 32)).toBe("2abbf2b8e381d23dbebe1dd2a7d16a8bf484cb4950d23fb7fb7fa8547062d9a1");
  });

  it("replaces the first hello of a retry by its hash (RFC 8448 §5)", () => {
    schedule.begin();
    schedule.early(0);
    absorb(RETRIED_HELLO);
    schedule.retry();
    absorb(RETRY);
    absorb(SECOND_HELLO);
    absorbZeros(ZEROS_RETRIED);
    absorb(SECOND_SERVER_HELLO);
    schedule.digest(out);
    expect(show(out, 32)).toBe("8aa8e828ec2f8a884fec95a3139de01c15a3daa7ff5bfc3f4bfcc21b438d7bf8");
    handshake("c142ce13ca11b5c2233652e63ad3d97844f1621fbfb9de69d547dc8fedeabeb4");
    expect(show(schedule.clientTraffic, 32)).toBe("158aa7ab8855073582b41d674b4055cabcc534728f659314861b4e08e2011566");
    expect(show(schedule.serverTraffic, 32)).toBe("3403e781e2af7b6508da28574f6e95a1abf162de83a97927c37672a4a0cef8a1");
    schedule.keys(out, 16, out + 16, 12, schedule.serverTraffic);
    expect(show(out, 28)).toBe("4646bfac1712c426cd78d8a24a8a6f6bc7d395c08d62f297d13768ea");
    absorb(RETRIED_EXTENSIONS);
    absorb(CERTIFICATE);
    absorb(RETRIED_VERIFY);
    schedule.serverFinished(out);
    expect("14000020" + show(out, 32)).toBe(RETRIED_FINISHED);
    absorb(RETRIED_FINISHED);
    proven();
    schedule.master();
    schedule.clientFinished(out);
    expect(show(out, 32)).toBe("23f52fdb0709a55bd7f79b991f25484087bcfd4d4380b12326a52a28b2e368e1");
    absorb("1400002023f52fdb0709a55bd7f79b991f25484087bcfd4d4380b12326a52a28b2e368e1");
    schedule.complete();
    expect(show(schedule.clientTraffic, 32)).toBe("75ecf4b972525aa0dcd057c9944d4cd5d82671d8843141d7dc2a4ff15a21dc51");
    expect(show(schedule.serverTraffic, 32)).toBe("5c74f87df04225db0f8209c9de6429e49435fdefa7cad61864874d12f31cfc8d");
    schedule.keys(out, 16, out + 16, 12, schedule.clientTraffic);
    expect(show(out, 28)).toBe("a7eb2a0525eb4331d58fcbf9f7ca2e9c86e8be227c1bd2b3e39cb444");
    schedule.keys(out, 16, out + 16, 12, schedule.serverTraffic);
    expect(show(out, 28)).toBe("f27a5d97bd25550c4823b0f3e5d293880dd631f7b71cbbc797c35fe7");
  });

  it("gives no application keys without complete evidence", () => {
    for (let proofs = 0; proofs < 16; proofs++) {
      evidence.reset();
      for (let proof = 0; proof < 4; proof++) if (proofs & (1 << proof)) evidence.add(<evidence.Proof>proof, 0);
      const shown = (proofs & 8) != 0 && ((proofs & 4) != 0 || (proofs & 3) == 3);
      expect(evidence.complete()).toBe(shown);
      if (!shown) continue;
      evidence.add(evidence.Proof.Finished, 1);
      expect(evidence.complete()).toBe(false);
    }
    evidence.reset();
    schedule.begin();
    schedule.early(0);
    expect(() => {
      schedule.master();
    }).toThrow("master without evidence");
  });

  it("wipes every secret", () => {
    schedule.wipe();
    expect(show(schedule.clientTraffic, 32)).toBe("00".repeat(32));
    expect(show(schedule.serverTraffic, 32)).toBe("00".repeat(32));
    const nonce = hex("00");
    schedule.ticketKey(out, nonce.dataStart, 1);
    expect(show(out, 32)).not.toBe("00".repeat(32));
  });
});
