import * as ed25519 from "../../../assembly/crypto/ed25519";
import { SCRATCH_BYTES } from "../../../assembly/config";
import * as scratch from "../../../assembly/lib/scratch";
import { Status } from "../../../assembly/lib/status";
import { hex, show } from "../support/hex";

const key = memory.data(32, 4);
const signature = memory.data(64, 4);

/** The empty message has an address all the same. */
function at(bytes: Uint8Array): usize {
  return bytes.length ? bytes.dataStart : key;
}

/** Derive, sign in two parts, verify: what RFC 8032 §7.1 gives for a seed and a message. */
function known(seedHex: string, keyHex: string, messageHex: string, signatureHex: string): void {
  const seed = hex(seedHex);
  const message = hex(messageHex);
  const cut = message.length / 2;
  ed25519.publicKey(key, seed.dataStart);
  expect(show(key, 32)).toBe(keyHex);
  ed25519.sign(signature, seed.dataStart, key, 0, at(message), cut, at(message) + cut, message.length - cut);
  expect(show(signature, 64)).toBe(signatureHex);
  expect(ed25519.verify(signature, key, at(message), message.length, key, 0)).toBe(Status.Ok);
  expect(scratch.left()).toBe(SCRATCH_BYTES);
}

/** Verify a signature of an empty message. */
function verdict(keyHex: string, signatureHex: string): Status {
  return ed25519.verify(hex(signatureHex).dataStart, hex(keyHex).dataStart, key, 0, key, 0);
}

describe("ed25519", () => {
  it("gives TEST 1 of RFC 8032 §7.1", () => {
    // prettier-ignore
    known(
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    );
  });

  it("gives TEST 2 of RFC 8032 §7.1", () => {
    // prettier-ignore
    known(
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    );
  });

  it("gives TEST 3 of RFC 8032 §7.1", () => {
    // prettier-ignore
    known(
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    );
  });

  it("gives TEST 1024 of RFC 8032 §7.1", () => {
    // prettier-ignore
    known(
      "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
      "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
      "08b8b2b733424243760fe426a4b54908632110a66c2f6591eabd3345e3e4eb98fa6e264bf09efe12ee50f8f54e9f77b1e355f6c50544e23fb1433ddf73be84d879de7c0046dc4996d9e773f4bc9efe5738829adb26c81b37c93a1b270b20329d658675fc6ea534e0810a4432826bf58c941efb65d57a338bbd2e26640f89ffbc1a858efcb8550ee3a5e1998bd177e93a7363c344fe6b199ee5d02e82d522c4feba15452f80288a821a579116ec6dad2b3b310da903401aa62100ab5d1a36553e06203b33890cc9b832f79ef80560ccb9a39ce767967ed628c6ad573cb116dbefefd75499da96bd68a8a97b928a8bbc103b6621fcde2beca1231d206be6cd9ec7aff6f6c94fcd7204ed3455c68c83f4a41da4af2b74ef5c53f1d8ac70bdcb7ed185ce81bd84359d44254d95629e9855a94a7c1958d1f8ada5d0532ed8a5aa3fb2d17ba70eb6248e594e1a2297acbbb39d502f1a8c6eb6f1ce22b3de1a1f40cc24554119a831a9aad6079cad88425de6bde1a9187ebb6092cf67bf2b13fd65f27088d78b7e883c8759d2c4f5c65adb7553878ad575f9fad878e80a0c9ba63bcbcc2732e69485bbc9c90bfbd62481d9089beccf80cfe2df16a2cf65bd92dd597b0707e0917af48bbb75fed413d238f5555a7a569d80c3414a8d0859dc65a46128bab27af87a71314f318c782b23ebfe808b82b0ce26401d2e22f04d83d1255dc51addd3b75a2b1ae0784504df543af8969be3ea7082ff7fc9888c144da2af58429ec96031dbcad3dad9af0dcbaaaf268cb8fcffead94f3c7ca495e056a9b47acdb751fb73e666c6c655ade8297297d07ad1ba5e43f1bca32301651339e22904cc8c42f58c30c04aafdb038dda0847dd988dcda6f3bfd15c4b4c4525004aa06eeff8ca61783aacec57fb3d1f92b0fe2fd1a85f6724517b65e614ad6808d6f6ee34dff7310fdc82aebfd904b01e1dc54b2927094b2db68d6f903b68401adebf5a7e08d78ff4ef5d63653a65040cf9bfd4aca7984a74d37145986780fc0b16ac451649de6188a7dbdf191f64b5fc5e2ab47b57f7f7276cd419c17a3ca8e1b939ae49e488acba6b965610b5480109c8b17b80e1b7b750dfc7598d5d5011fd2dcc5600a32ef5b52a1ecc820e308aa342721aac0943bf6686b64b2579376504ccc493d97e6aed3fb0f9cd71a43dd497f01f17c0e2cb3797aa2a2f256656168e6c496afc5fb93246f6b1116398a346f1a641f3b041e989f7914f90cc2c7fff357876e506b50d334ba77c225bc307ba537152f3f1610e4eafe595f6d9d90d11faa933a15ef1369546868a7f3a45a96768d40fd9d03412c091c6315cf4fde7cb68606937380db2eaaa707b4c4185c32eddcdd306705e4dc1ffc872eeee475a64dfac86aba41c0618983f8741c5ef68d3a101e8a3b8cac60c905c15fc910840b94c00a0b9d0",
      "0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350aa5371b1508f9f4528ecea23c436d94b5e8fcd4f681e30a6ac00a9704a188a03",
    );
  });

  it("gives TEST SHA(abc) of RFC 8032 §7.1", () => {
    // prettier-ignore
    known(
      "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
      "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    );
  });

  it("refuses a signature with any byte changed, another message and another key", () => {
    const seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    const message = hex("0102030405");
    ed25519.publicKey(key, seed.dataStart);
    ed25519.sign(signature, seed.dataStart, key, 0, message.dataStart, 5, message.dataStart, 0);
    for (let i = 0; i < 64; i += 3) {
      store<u8>(signature + i, load<u8>(signature + i) ^ 4);
      expect(ed25519.verify(signature, key, message.dataStart, 5, key, 0)).toBe(Status.Forged);
      store<u8>(signature + i, load<u8>(signature + i) ^ 4);
    }
    expect(ed25519.verify(signature, key, message.dataStart, 4, key, 0)).toBe(Status.Forged);
    store<u8>(key, load<u8>(key) ^ 1);
    expect(ed25519.verify(signature, key, message.dataStart, 5, key, 0)).toBe(Status.Forged);
  });

  it("hedges: noise changes the nonce, and the signature still verifies", () => {
    const seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    const noise = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    ed25519.publicKey(key, seed.dataStart);
    ed25519.sign(signature, seed.dataStart, key, noise.dataStart, seed.dataStart, 3, key, 0);
    const first = show(signature, 64);
    expect(ed25519.verify(signature, key, seed.dataStart, 3, key, 0)).toBe(Status.Ok);
    noise[31]++;
    ed25519.sign(signature, seed.dataStart, key, noise.dataStart, seed.dataStart, 3, key, 0);
    expect(show(signature, 64)).not.toBe(first);
    expect(ed25519.verify(signature, key, seed.dataStart, 3, key, 0)).toBe(Status.Ok);
  });

  it("gives the same signature when it signs twice", () => {
    const seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    const noise = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    ed25519.publicKey(key, seed.dataStart);
    ed25519.sign(signature, seed.dataStart, key, noise.dataStart, seed.dataStart, 3, key, 0);
    const once = show(signature, 64);
    const status = ed25519.signTwice(signature, seed.dataStart, key, noise.dataStart, seed.dataStart, 3, key, 0);
    expect(status).toBe(Status.Ok);
    expect(show(signature, 64)).toBe(once);
  });

  it("wipes a signature that does not verify after signing", () => {
    const seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    ed25519.publicKey(key, seed.dataStart);
    expect(ed25519.signChecked(signature, seed.dataStart, key, 0, seed.dataStart, 3, key, 0)).toBe(Status.Ok);
    expect(ed25519.verify(signature, key, seed.dataStart, 3, key, 0)).toBe(Status.Ok);
    store<u8>(key, load<u8>(key) ^ 1);
    expect(ed25519.signChecked(signature, seed.dataStart, key, 0, seed.dataStart, 3, key, 0)).toBe(Status.Forged);
    expect(show(signature, 64)).toBe("00".repeat(64));
  });

  it("accepts what holds without the cofactor, though the key is of mixed order", () => {
    // prettier-ignore
    expect(verdict(
      "e9b2fe981587efae6478f48ba1fa60cec6126d0e26dde72a0a24f640dcd783e5",
      "2f1132ca61ab38dff00f2fea3228f24c6c71d58085b80e47e19515cb27e8d047d4b6ecd5894983752619a51f36050b711ee96fc23a253a361031d6d231825d01",
    )).toBe(Status.Ok);
  });

  it("refuses what only holds with the cofactor", () => {
    // prettier-ignore
    expect(verdict(
      "c0f1225584444ec730446e231390781ffdd2f256e9fcbeb2f40dddc2c2233d7f",
      "08e8461bace82b50af65402ff1cad3d2399afe459544096a7f106c54fc875d42829c5d4e91d4241d7b049bc0403ca86975aab48ae6ed19034fcc35b5cd342f0e",
    )).toBe(Status.Forged);
  });

  it("refuses S + L where it accepts S", () => {
    // prettier-ignore
    expect(verdict(
      "c0f1225584444ec730446e231390781ffdd2f256e9fcbeb2f40dddc2c2233d7f",
      "d4b4f5784868c3020403246717ec169ff79e26608ea126a1ab69ee77d1b16712671ecd7e6e595d43a9e90c9a29642aefdf2cdecc1b21b8df5011c4d09dbc6b09",
    )).toBe(Status.Ok);
    // prettier-ignore
    expect(verdict(
      "c0f1225584444ec730446e231390781ffdd2f256e9fcbeb2f40dddc2c2233d7f",
      "d4b4f5784868c3020403246717ec169ff79e26608ea126a1ab69ee77d1b1671254f2c2db88bc6f9b7f86043d085e0904e02cdecc1b21b8df5011c4d09dbc6b19",
    )).toBe(Status.Forged);
  });

  it("refuses keys of order 1, 2, 4 and 8 whose equation holds", () => {
    // prettier-ignore
    expect(verdict(
      "0100000000000000000000000000000000000000000000000000000000000000",
      "58666666666666666666666666666666666666666666666666666666666666660100000000000000000000000000000000000000000000000000000000000000",
    )).toBe(Status.Forged);
    // prettier-ignore
    expect(verdict(
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "801f40eaaee1ef8723279a28b2cf4037b889dad222604678748b53ed0db0db920d00000000000000000000000000000000000000000000000000000000000000",
    )).toBe(Status.Forged);
    // prettier-ignore
    expect(verdict(
      "0000000000000000000000000000000000000000000000000000000000000080",
      "d0dc11d368bc62239178f3830a9ad7929d8fee188d2e770772cadf3cc018e9f11900000000000000000000000000000000000000000000000000000000000000",
    )).toBe(Status.Forged);
    // prettier-ignore
    expect(verdict(
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "b862409fb5c4c4123df2abf7462b88f041ad36dd6864ce872fd5472be363c5b10700000000000000000000000000000000000000000000000000000000000000",
    )).toBe(Status.Forged);
  });

  it("refuses an R of small order whose equation holds", () => {
    // prettier-ignore
    expect(verdict(
      "d0424b701d60255de5df705071059ccd22b8349bb4138202ebbd65e9e0ad211b",
      "0000000000000000000000000000000000000000000000000000000000000080cefb0113f7970a6113d4b58b95dbafbc68acc345eaabc69802e790926095960d",
    )).toBe(Status.Forged);
  });

  it("refuses keys that are not canonical: y = p + 1, and x = 0 with a sign", () => {
    // prettier-ignore
    expect(verdict(
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "d4b4f5784868c3020403246717ec169ff79e26608ea126a1ab69ee77d1b167120300000000000000000000000000000000000000000000000000000000000000",
    )).toBe(Status.Forged);
    // prettier-ignore
    expect(verdict(
      "0100000000000000000000000000000000000000000000000000000000000080",
      "d4b4f5784868c3020403246717ec169ff79e26608ea126a1ab69ee77d1b167120300000000000000000000000000000000000000000000000000000000000000",
    )).toBe(Status.Forged);
  });
});
