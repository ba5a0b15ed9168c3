// How fast other programs read the same capture: tcpdump (which only copies), Suricata and tshark where they are installed, and
// adtap, in turn within one run, so that ratios hold on a noisy machine. Medians.
//   npm run bench:peers                        two million packets made from fixtures/lab
//   npm run bench:peers -- FILE [RUNS]         a capture of yours
// SURICATA names another program than `suricata`; it must see the same files. tshark is slow: it reads the first packets only.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadOf } from '../load.mjs';
import { count, has, linesOf, measure, medians, packetsOf, wholeNumber } from '../measure.mjs';

const TSHARK_PACKETS = 200_000;
/** The same protocols as adtap's, each event written: what Suricata does at its default is another job. */
const SURICATA = `%YAML 1.1
---
vars: {address-groups: {HOME_NET: "any", EXTERNAL_NET: "any"}}
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [dns: {version: 3}, krb5, smb, ldap, dcerpc]}
stats: {enabled: no}
logging: {default-log-level: error, outputs: [{console: {enabled: yes}}]}
app-layer:
  protocols:
    krb5: {enabled: yes}
    smb: {enabled: yes, detection-ports: {dp: "139, 445"}}
    ldap:
      tcp: {enabled: yes, detection-ports: {dp: "389, 3268"}}
      udp: {enabled: yes, detection-ports: {dp: "389"}}
    dcerpc: {enabled: yes}
    dns: {tcp: {enabled: yes, detection-ports: {dp: 53}}, udp: {enabled: yes, detection-ports: {dp: 53}}}
    tls: {enabled: no}
    http: {enabled: no}
flow: {memcap: 1gb, hash-size: 65536, prealloc: 10000}
stream: {memcap: 1gb, checksum-validation: no, midstream: true, async-oneside: true, reassembly: {memcap: 1gb, depth: 1mb}}
max-pending-packets: 5000
pcap-file: {checksum-checks: no}
`;

const root = fileURLToPath(new URL('../../', import.meta.url));
const [given, wanted = '3'] = process.argv.slice(2);
const runs = wholeNumber(wanted, 'RUNS');
const file = loadOf(given, 'peers.pcap', 2_000_000);
const folder = mkdtempSync(join(tmpdir(), 'adtap-peers-'));
const cli = `${root}dist/cli/main.js`;
const suricata = process.env.SURICATA ?? 'suricata';

/** Each run of a peer: its program, how many packets it reads, and the file of events it writes, if it writes one. */
function peers(packets) {
  const adtap = (workers) => ({
    name: `adtap, ${workers} worker${workers === 1 ? '' : 's'}`,
    packets,
    events: join(folder, 'out.ndjson'),
    command: [process.execPath, [cli, 'replay', file, '-q', '-w', String(workers), '-o', join(folder, 'out.ndjson')]],
  });
  const found = [adtap(1), adtap(2)];
  if (has('tcpdump'))
    found.unshift({ name: 'tcpdump, copying only', packets, command: ['tcpdump', ['-r', file, '-w', '/dev/null']] });
  if (has(suricata)) {
    writeFileSync(join(folder, 'suricata.yaml'), SURICATA);
    for (const mode of ['single', 'autofp'])
      found.push({
        name: `Suricata, ${mode}`,
        packets,
        events: join(folder, 'eve.json'),
        // No rules: decoding and logging alone.
        command: [
          suricata,
          ['-c', join(folder, 'suricata.yaml'), '-r', file, '-k', 'none', '--runmode', mode, '-S', '/dev/null', '-l', folder],
        ],
      });
  }
  if (has('tshark')) {
    const fields = ['frame.number', 'kerberos.msg_type', 'dns.qry.name', 'ldap.protocolOp', 'ntlmssp.messagetype'];
    found.push({
      name: 'tshark',
      packets: Math.min(packets, TSHARK_PACKETS),
      command: [
        'tshark',
        ['-n', '-r', file, '-c', String(TSHARK_PACKETS), '-T', 'fields', ...fields.flatMap((one) => ['-e', one])],
      ],
    });
  }
  return found;
}

try {
  const packets = packetsOf(cli, file);
  const rows = peers(packets).map((peer) => ({ ...peer, runs: [], lines: '-', failed: '' }));
  for (let run = 0; run < runs; run++)
    for (const row of rows) {
      if (row.events !== undefined) rmSync(row.events, { force: true });
      try {
        row.runs.push(measure(...row.command));
        if (row.events !== undefined) row.lines = count(linesOf(row.events));
      } catch (error) {
        row.failed = error.message;
      }
    }
  const size = (statSync(file).size / 2 ** 20).toFixed(0);
  console.log(
    `${file}: ${count(packets)} packets, ${size} MiB; Node ${process.version}, ${cpus().length} cores; medians of ${runs}`,
  );
  console.log('| program | packets/s | CPU µs a packet | peak RSS MiB | events |\n| --- | --- | --- | --- | --- |');
  for (const row of rows) {
    if (row.runs.length === 0) console.log(`| ${row.name} | failed: ${row.failed} | | | |`);
    else {
      const { wall, cpu, rss } = medians(row.runs);
      const figures = [count(row.packets / wall), ((cpu / row.packets) * 1e6).toFixed(2), rss.toFixed(0), row.lines];
      console.log(`| ${row.name} | ${figures.join(' | ')} |`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
