// The few calls of dns-packet that the tests make; it ships no types.
declare module 'dns-packet' {
  const packet: { encode(message: object): Uint8Array };
  export default packet;
}
