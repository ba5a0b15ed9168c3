// What we send, field by field, as tshark reads it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { statusRequest } from '../../src/nnr/active/netbios.ts';
import { bindRequest } from '../../src/nnr/active/ntlm-rpc.ts';
import { clientHello, connectionRequest } from '../../src/nnr/active/rdp.ts';
import { query, reverseName } from '../../src/nnr/active/reverse-dns.ts';

/** Fields of one payload in a packet to that port; what is wrong with it comes as `faults`. */
function dissect(
  transport: 'tcp' | 'udp',
  port: number,
  payload: Uint8Array,
  ...fields: readonly string[]
): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'adtap-tshark-'));
  try {
    const [hex, pcap] = [join(folder, 'hex'), join(folder, 'pcap')];
    const rows = [...payload].map(
      (byte, at) => `${at % 16 === 0 ? `\n${at.toString(16).padStart(6, '0')}` : ''} ${byte.toString(16).padStart(2, '0')}`,
    );
    writeFileSync(hex, `${rows.join('')}\n`);
    execFileSync('text2pcap', ['-q', transport === 'tcp' ? '-T' : '-u', `50000,${port}`, hex, pcap], { stdio: 'pipe' });
    const all = [...fields, '_ws.malformed', '_ws.expert.message'];
    const out = execFileSync(
      'tshark',
      [
        '-r',
        pcap,
        '-o',
        'tcp.desegment_tcp_streams:false',
        '-T',
        'fields',
        '-E',
        'separator=;',
        ...all.flatMap((field) => ['-e', field]),
      ],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const values = out.trimEnd().split(';');
    const faults = [values[fields.length], values[fields.length + 1]].join('');
    return { ...Object.fromEntries(fields.map((field, index) => [field, values[index] ?? ''])), faults };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('NTLM over RPC: a bind to the endpoint mapper with a NEGOTIATE', () => {
  const fields = [
    'dcerpc.ver',
    'dcerpc.pkt_type',
    'dcerpc.cn_flags',
    'dcerpc.cn_frag_len',
    'dcerpc.cn_auth_len',
    'dcerpc.cn_call_id',
    'dcerpc.cn_max_xmit',
    'dcerpc.cn_max_recv',
    'dcerpc.cn_num_ctx_items',
    'dcerpc.cn_bind_to_uuid',
    'dcerpc.cn_bind_if_ver',
    'dcerpc.cn_bind_trans_id',
    'dcerpc.cn_bind_trans_ver',
    'dcerpc.auth_type',
    'dcerpc.auth_level',
    'ntlmssp.messagetype',
    'ntlmssp.negotiateflags',
    'ntlmssp.version.major',
    'ntlmssp.version.ntlm_current_revision',
  ];
  expect(dissect('tcp', 135, bindRequest(), ...fields)).toEqual({
    'dcerpc.ver': '5',
    'dcerpc.pkt_type': '11',
    'dcerpc.cn_flags': '0x03',
    'dcerpc.cn_frag_len': '120',
    'dcerpc.cn_auth_len': '40',
    'dcerpc.cn_call_id': '1',
    'dcerpc.cn_max_xmit': '5840',
    'dcerpc.cn_max_recv': '5840',
    'dcerpc.cn_num_ctx_items': '1',
    'dcerpc.cn_bind_to_uuid': 'e1af8308-5d1f-11c9-91a4-08002b14a0fa',
    'dcerpc.cn_bind_if_ver': '3',
    'dcerpc.cn_bind_trans_id': '8a885d04-1ceb-11c9-9fe8-08002b104860',
    'dcerpc.cn_bind_trans_ver': '2',
    'dcerpc.auth_type': '10',
    'dcerpc.auth_level': '2',
    'ntlmssp.messagetype': '0x00000001',
    'ntlmssp.negotiateflags': '0xa2088205',
    'ntlmssp.version.major': '10',
    'ntlmssp.version.ntlm_current_revision': '15',
    faults: '',
  });
  expect(bindRequest()).toHaveLength(120);
});

it('NetBIOS: a node status request for *', () => {
  expect(
    dissect(
      'udp',
      137,
      statusRequest(0xbeef),
      'nbns.id',
      'nbns.flags',
      'nbns.count.queries',
      'nbns.name',
      'nbns.type',
      'nbns.class',
    ),
  ).toEqual({
    'nbns.id': '0xbeef',
    'nbns.flags': '0x0000',
    'nbns.count.queries': '1',
    'nbns.name': `*${'<00>'.repeat(15)}`,
    'nbns.type': '33',
    'nbns.class': '1',
    faults: '',
  });
});

it('RDP: a connection request for TLS or CredSSP', () => {
  const fields = [
    'tpkt.version',
    'tpkt.length',
    'cotp.li',
    'cotp.type',
    'cotp.class',
    'rdp.neg_type',
    'rdp.neg_length',
    'rdp.negReq.requestedProtocols',
  ];
  expect(dissect('tcp', 3389, connectionRequest(), ...fields)).toEqual({
    'tpkt.version': '3',
    'tpkt.length': '19',
    'cotp.li': '14',
    'cotp.type': '0x0e',
    'cotp.class': '0',
    'rdp.neg_type': '0x01',
    'rdp.neg_length': '8',
    'rdp.negReq.requestedProtocols': '0x00000003',
    faults: '',
  });
});

it('RDP: a ClientHello of TLS 1.2, and no other', () => {
  const fields = [
    'tls.record.version',
    'tls.handshake.type',
    'tls.handshake.version',
    'tls.handshake.session_id_length',
    'tls.handshake.cipher_suites_length',
    'tls.handshake.comp_method',
    'tls.handshake.extension.type',
    'tls.handshake.extensions_supported_group',
    'tls.handshake.sig_hash_alg',
    'tls.handshake.extensions.supported_version',
  ];
  expect(dissect('tcp', 443, clientHello(new Uint8Array(32).fill(7)), ...fields)).toEqual({
    'tls.record.version': '0x0301',
    'tls.handshake.type': '1',
    'tls.handshake.version': '0x0303',
    'tls.handshake.session_id_length': '0',
    'tls.handshake.cipher_suites_length': '44',
    'tls.handshake.comp_method': '0',
    // supported_groups, ec_point_formats, signature_algorithms.
    'tls.handshake.extension.type': '10,11,13',
    'tls.handshake.extensions_supported_group': '0x001d,0x0017,0x0018,0x0019',
    'tls.handshake.sig_hash_alg': '0x0804,0x0805,0x0806,0x0403,0x0503,0x0603,0x0401,0x0501,0x0601,0x0203,0x0201',
    'tls.handshake.extensions.supported_version': '',
    faults: '',
  });
});

it.each([
  ['10.77.0.101', '101.0.77.10.in-addr.arpa'],
  ['fd77:0:0:77::101', '1.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.7.7.0.0.0.0.0.0.0.0.0.0.7.7.d.f.ip6.arpa'],
])('reverse DNS: a PTR query for %s', (address, name) => {
  const request = query(0x1234, reverseName(address), 12) ?? new Uint8Array(0);
  const fields = ['dns.id', 'dns.flags', 'dns.count.queries', 'dns.qry.name', 'dns.qry.type', 'dns.qry.class'];
  const expected = {
    'dns.id': '0x1234',
    'dns.flags': '0x0100',
    'dns.count.queries': '1',
    'dns.qry.name': name,
    'dns.qry.type': '12',
    'dns.qry.class': '0x0001',
    faults: '',
  };
  expect(dissect('udp', 53, request, ...fields)).toEqual(expected);
  expect(dissect('tcp', 53, Uint8Array.of(0, request.length, ...request), ...fields)).toEqual(expected);
});
