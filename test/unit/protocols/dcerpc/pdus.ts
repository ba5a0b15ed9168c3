// Hand-made PDUs beside recorded ones (C706 12.6.4).

/** The same PDU with another PTYPE. */
export function withPtype(pdu: Uint8Array, ptype: number): Uint8Array {
  const other = pdu.slice();
  other[2] = ptype;
  return other;
}

/** Header, alloc_hint, context and cancel count, status. */
export function fault(callId: number, status: number): Uint8Array {
  const pdu = Buffer.alloc(32);
  Buffer.from('0500030310000000', 'hex').copy(pdu);
  pdu.writeUInt16LE(32, 8);
  pdu.writeUInt32LE(callId, 12);
  pdu.writeUInt32LE(status, 24);
  return pdu;
}

export function bindNak(callId: number, reason: number): Uint8Array {
  const pdu = Buffer.alloc(24);
  Buffer.from('05000d0310000000', 'hex').copy(pdu);
  pdu.writeUInt16LE(24, 8);
  pdu.writeUInt32LE(callId, 12);
  pdu.writeUInt16LE(reason, 16);
  return pdu;
}

/** A request or response (by ptype) without a verifier. */
export function call(ptype: number, callId: number, stub = 8): Uint8Array {
  const pdu = Buffer.alloc(24 + stub);
  Buffer.from(`0500${ptype.toString(16).padStart(2, '0')}0310000000`, 'hex').copy(pdu);
  pdu.writeUInt16LE(pdu.length, 8);
  pdu.writeUInt32LE(callId, 12);
  return pdu;
}

/** The PDU in network byte order, as far as the header and the verifier's trailer go. */
export function bigEndian(pdu: Uint8Array): Uint8Array {
  const other = Buffer.from(pdu);
  const auth = other.readUInt16LE(10);
  other[4] = other[4]! & 0x0f;
  other.subarray(8, 10).swap16();
  other.subarray(10, 12).swap16();
  other.subarray(12, 16).swap32();
  if (auth > 0) other.subarray(other.length - auth - 4, other.length - auth).swap32();
  return other;
}
