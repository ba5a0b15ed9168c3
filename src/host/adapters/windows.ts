// Adapters of Windows, by the cmdlets of its NetAdapter, NetTCPIP, DnsClient and NetLbfo modules in one call.
import { type Machine, powerShell } from '../machine.ts';
import { type Adapter, addressesOf, hardwareAddress, MAX_ADAPTERS } from './adapter.ts';

/** Enumerations are told as text, so that no table of their numbers is needed; modules that are missing say nothing. */
export const SCRIPT = [
  "$ErrorActionPreference = 'SilentlyContinue'",
  '@{',
  'adapters = @(Get-NetAdapter | Select-Object Name, InterfaceDescription, InterfaceGuid, ifIndex, MacAddress, MtuSize, ReceiveLinkSpeed,',
  '@{ n = "Status"; e = { "$($_.Status)" } }, @{ n = "Medium"; e = { "$($_.PhysicalMediaType)" } });',
  'counters = @(Get-NetAdapterStatistics | Select-Object Name, ReceivedUnicastPackets, ReceivedMulticastPackets, ReceivedBroadcastPackets,',
  'ReceivedBytes, ReceivedPacketErrors, ReceivedDiscardedPackets);',
  "gateways = @(Get-NetRoute -DestinationPrefix '0.0.0.0/0', '::/0' | Select-Object ifIndex, NextHop);",
  'servers = @(Get-DnsClientServerAddress | Select-Object InterfaceIndex, ServerAddresses);',
  'teams = @(Get-NetLbfoTeamMember | Select-Object Name, Team)',
  '}',
].join(' ');

/** Null when PowerShell does not answer as expected. */
export async function adaptersOfWindows(machine: Machine): Promise<readonly Adapter[] | null> {
  const answer = record(await powerShell(machine, SCRIPT));
  const rows = records(answer['adapters']).slice(0, MAX_ADAPTERS);
  if (rows.length === 0) return null;
  const teams = new Map(records(answer['teams']).map((row) => [text(row['Name']), text(row['Team'])]));
  return rows.map((row) => {
    const name = text(row['Name']);
    const index = number(row['ifIndex']);
    const members = [...teams].filter(([, team]) => team === name).map(([member]) => member);
    const counters = records(answer['counters']).find((one) => one['Name'] === name);
    const hopsTo = records(answer['gateways']).filter((one) => number(one['ifIndex']) === index);
    const servers = records(answer['servers']).filter((one) => number(one['InterfaceIndex']) === index);
    return {
      name,
      device: `\\Device\\NPF_${text(row['InterfaceGuid'])}`,
      description: text(row['InterfaceDescription']),
      kind: members.length > 0 ? 'team' : text(row['Medium']).includes('802.11') ? 'wireless' : 'ethernet',
      state: STATES[text(row['Status'])] ?? 'down',
      mtu: number(row['MtuSize']),
      speed: number(row['ReceiveLinkSpeed']),
      hardwareAddress: hardwareAddress(text(row['MacAddress']).replaceAll('-', ':')),
      addresses: addressesOf(machine, name),
      // A next hop of all zeros is the link itself.
      gateways: hopsTo.map((one) => text(one['NextHop'])).map((hop) => (hop === '0.0.0.0' || hop === '::' ? 'on-link' : hop)),
      nameServers: servers.flatMap((one) => strings(one['ServerAddresses'])),
      master: teams.get(name) ?? null,
      members,
      lower: members,
      received: counters === undefined ? null : received(counters),
    };
  });
}

/** ifOperStatus as Get-NetAdapter words it; other words (Disabled, Not Present) are down. */
const STATES: Readonly<Record<string, Adapter['state']>> = { Up: 'up', Disconnected: 'no-link' };

function received(row: Readonly<Record<string, unknown>>): Adapter['received'] {
  const of = (key: string): number => number(row[key]) ?? 0;
  return {
    packets: of('ReceivedUnicastPackets') + of('ReceivedMulticastPackets') + of('ReceivedBroadcastPackets'),
    bytes: of('ReceivedBytes'),
    errors: of('ReceivedPacketErrors'),
    dropped: of('ReceivedDiscardedPackets'),
  };
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const records = (value: unknown): readonly Readonly<Record<string, unknown>>[] => (Array.isArray(value) ? value.map(record) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
