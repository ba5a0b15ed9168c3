import { describe, expect, it } from 'vitest';
import { protocols } from '../../../src/protocols/registry.ts';
import { Dispatcher, MORE, NOBODY } from '../../../src/transport/dispatch.ts';

const place = (name: string): number => protocols.findIndex((protocol) => protocol.name === name);

describe('Dispatcher', () => {
  it('asks those first whose port it is, then everybody', () => {
    const dispatcher = new Dispatcher(protocols);
    const smb = Buffer.from('0000004cfe534d42', 'hex');
    const ports = (port: number): number => (50_000 << 16) | port;
    for (const port of [445, 8445]) expect(dispatcher.identify(smb, 0, smb.length, 0, 'tcp', ports(port))).toBe(place('smb'));
    expect(dispatcher.identify(smb, 0, 2, 0, 'tcp', ports(445))).toBe(MORE);
    const strange = Buffer.alloc(64, 0xee);
    expect(dispatcher.identify(strange, 0, strange.length, 0, 'tcp', ports(8445))).toBe(NOBODY);
  });

  it('opens a conversation again only for the protocol and the transport that it was opened for', () => {
    const dispatcher = new Dispatcher(protocols);
    const kerberos = place('kerberos');
    const overUdp = dispatcher.open(kerberos, 'udp');
    dispatcher.giveBack(overUdp, kerberos, 'udp');
    expect(dispatcher.open(kerberos, 'tcp')).not.toBe(overUdp);
    expect(dispatcher.open(place('dns'), 'udp')).not.toBe(overUdp);
    expect(dispatcher.open(kerberos, 'udp')).toBe(overUdp);
    expect(dispatcher.open(kerberos, 'udp')).not.toBe(overUdp);
  });
});
