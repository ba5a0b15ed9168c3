// Will the adapters show the traffic: their state, their roles, bonds and teams.
import { type Adapter, isRoutable } from '../../host/adapters/adapter.ts';
import type { Standing } from '../../host/adapters/linux.ts';
import { findAdapter } from '../../host/adapters/list.ts';
import { chooseAdapters } from '../../runtime/live/adapters.ts';
import type { Facts } from '../facts.ts';
import { fail, pass, type Verdict, warn } from '../finding.ts';

/** Those to capture on: the ones that were named and exist, or those that the sensor itself would choose. */
function chosen({ plan, adapters, library }: Facts): readonly Adapter[] {
  const names = plan.capture.length > 0 ? plan.capture : chooseAdapters(devices({ adapters, library }), plan.loopback, standing);
  return [...new Set(names.map((name) => findAdapter(adapters, name)).filter((one) => one !== undefined))];

  function standing(name: string): Standing {
    const adapter = findAdapter(adapters, name);
    return { lower: adapter?.lower ?? [], hasMaster: adapter !== undefined && adapter.master !== null };
  }
}

/** What the capture library lists; without one, what it would list. */
function devices({ adapters, library }: Pick<Facts, 'adapters' | 'library'>): Parameters<typeof chooseAdapters>[0] {
  if (!('problem' in library)) return library.devices;
  return adapters.map(({ device, state, kind }) => ({ name: device, isUp: state !== 'down', isLoopback: kind === 'loopback' }));
}

/** The bond or team that an adapter is a leg of. */
function joint(all: readonly Adapter[], { master }: Adapter): Adapter | null {
  const found = all.find((one) => one.name === master);
  return found?.kind === 'bond' || found?.kind === 'team' ? found : null;
}

export function captureAdapters(facts: Facts): readonly Verdict[] {
  const { plan, adapters, library } = facts;
  const names = adapters.map((one) => one.name).join(', ') || 'none';
  const missing = plan.capture.filter((name) => findAdapter(adapters, name) === undefined);
  const verdicts = missing.map((name) =>
    fail(`${name}: there is no such adapter; there are ${names}`, 'name one of these with --adapter'),
  );
  const found = chosen(facts);
  if (found.length === 0 && missing.length === 0)
    return [fail(`no adapter to capture on is up; there are ${names}`, 'bring one up, or name it with --adapter')];
  for (const one of found) {
    const isListed = 'problem' in library || library.devices.some((device) => device.name === one.device);
    if (one.state === 'down')
      verdicts.push(fail(`${one.name} is switched off`, `switch it on${switchOn(facts.platform, one.name)}`));
    else if (one.state === 'no-link') verdicts.push((plan.capture.length > 0 ? fail : warn)(`${one.name} has no link`, CABLE));
    else if (!isListed)
      verdicts.push(
        fail(`${one.name} is not among the devices of the capture library`, 'give the privileges to capture, then look again'),
      );
    else if (plan.isStandalone && one.received?.packets === 0)
      verdicts.push(
        warn(`${one.name} is up, but nothing ever arrived there`, 'see that the switch mirrors the domain controllers to it'),
      );
    else verdicts.push(pass(`${one.name} is up: ${traits(one)}`));
  }
  return verdicts;
}

const CABLE = 'look after the cable, the switch port, or the virtual switch';

const switchOn = (platform: NodeJS.Platform, name: string): string =>
  platform === 'linux' ? `: ip link set ${name} up` : platform === 'win32' ? `: Enable-NetAdapter -Name "${name}"` : '';

function traits({ kind, speed, addresses }: Adapter): string {
  const at = addresses.length === 0 ? ['no address'] : addresses.map(({ address, prefix }) => `${address}${slash(prefix)}`);
  return [kind, ...(speed === null ? [] : [`${speed / 1e6} Mbit/s`]), ...at].join(', ');
}

const slash = (prefix: number | null): string => (prefix === null ? '' : `/${prefix}`);

/** A standalone sensor: one adapter speaks, the others only listen. */
export function adapterRoles(facts: Facts): readonly Verdict[] {
  const { plan, adapters } = facts;
  if (!plan.isStandalone) return [];
  if (plan.capture.length === 0)
    return [fail('a standalone sensor must be told which adapters the mirror port feeds', 'name them with --adapter')];
  if (plan.management === null)
    return [fail('a standalone sensor needs an adapter of its own for look-ups', 'name it with --management-adapter')];
  const management = findAdapter(adapters, plan.management);
  if (management === undefined)
    return [fail(`${plan.management}: there is no such adapter`, 'name another one with --management-adapter')];
  const verdicts: Verdict[] = [];
  if (management.state !== 'up') verdicts.push(fail(`the management adapter ${management.name} is not up`, 'bring it up'));
  else if (management.addresses.length === 0)
    verdicts.push(
      fail(`the management adapter ${management.name} has no address`, 'give it a static address, a gateway and DNS'),
    );
  else verdicts.push(pass(`${management.name} manages: ${traits(management)}`));
  for (const one of chosen(facts)) {
    if (one === management) {
      verdicts.push(fail(`${one.name} is to capture and to manage`, 'capture on another adapter: that one never sends'));
      continue;
    }
    const speaks = [
      ...(one.gateways?.length ? [`a gateway (${one.gateways.join(', ')})`] : []),
      ...(one.nameServers?.length ? [`name servers (${one.nameServers.join(', ')})`] : []),
    ];
    const routable = one.addresses.filter(isRoutable).map(({ address, prefix }) => `${address}${slash(prefix)}`);
    if (speaks.length > 0)
      verdicts.push(fail(`${one.name} captures and has ${speaks.join(' and ')}`, 'take them away: look-ups would leave by it'));
    else if (routable.length > 0)
      verdicts.push(
        warn(
          `${one.name} captures and has a routable address (${routable.join(', ')})`,
          'take it away, or give it a /32 of its own',
        ),
      );
    else verdicts.push(pass(`${one.name} captures: no gateway, no DNS, no routable address`));
  }
  return verdicts;
}

export function teaming(facts: Facts): readonly Verdict[] {
  const found = chosen(facts);
  const verdicts = found.flatMap((one): Verdict[] => {
    if (one.kind === 'bond' || one.kind === 'team')
      return [pass(`${one.name} is a ${one.kind} of ${one.members.join(', ') || 'nothing'}`)];
    const above = joint(facts.adapters, one);
    if (above === null) return [];
    if (found.includes(above))
      return [
        fail(
          `${one.name} and its ${above.kind} ${above.name} would both be captured: every packet twice`,
          `leave ${one.name} out`,
        ),
      ];
    return [
      warn(
        `${one.name} is one leg of the ${above.kind} ${above.name} and sees a part of its traffic`,
        `capture on ${above.name}`,
      ),
    ];
  });
  return verdicts.length === 0 ? [pass('none of the adapters is bonded or teamed')] : verdicts;
}
