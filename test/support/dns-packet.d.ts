// The few calls of dns-packet that the tests make; it ships no types.
declare module 'dns-packet' {
  interface Question {
    readonly type: string;
    readonly name: string;
  }
  const packet: {
    encode(message: object): Uint8Array;
    decode(bytes: Uint8Array): { readonly id: number; readonly flags: number; readonly questions: readonly Question[] };
  };
  export default packet;
}
