// Can packets be had at all: the library, how its driver was installed, the privileges.
import { refusal } from '../../host/capture-library.ts';
import type { Facts } from '../facts.ts';
import { fail, pass, type Verdict, warn } from '../finding.ts';

const INSTALL: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'install libpcap: libpcap0.8 on Debian and Ubuntu, libpcap on Fedora, Red Hat and Alpine',
  win32: 'install Npcap 1.0 or later from https://npcap.com/',
  darwin: 'libpcap is part of macOS: repair the system, or set the path of another build',
};

export function captureLibrary({ library, npcap, platform }: Facts): readonly Verdict[] {
  const install = INSTALL[platform] ?? 'install libpcap';
  if ('problem' in library) {
    const { problem, standIn } = library;
    if (standIn === null) return [fail(problem, 'do as it says: replays work without, live capture does not')];
    return [warn(`${problem}; ${standIn} stands in`, 'do as it says: what stands in is slow and cannot tell what is lost')];
  }
  const { name, version, line } = library;
  const refused = refusal(library);
  if (refused !== null) return [fail(refused, name === 'WinPcap' ? `remove it, then ${install}` : install)];
  const verdicts = [version === null ? warn(`${line}: its version is not told`, install) : pass(line)];
  if (npcap?.loopback)
    verdicts.push(
      warn('Npcap was installed with loopback support, which Defender for Identity asks to leave out', NPCAP_OPTIONS),
    );
  if (npcap !== null && !npcap.winPcapCompatible)
    verdicts.push(
      warn(
        'Npcap was installed without WinPcap mode, which a sensor of Defender for Identity beside this one needs',
        NPCAP_OPTIONS,
      ),
    );
  if (npcap?.besideWinPcap)
    verdicts.push(warn('WinPcap is installed beside Npcap: programs may load the wrong one', 'remove WinPcap'));
  return verdicts;
}

const NPCAP_OPTIONS = 'install it again with /loopback_support=no /winpcap_mode=yes /admin_only=no';

export function privileges({
  privileges: { mayCapture, mayConfigure, inUserNamespace },
  npcap,
  platform,
}: Facts): readonly Verdict[] {
  switch (platform) {
    case 'linux': {
      const remedy =
        'run as a systemd service with AmbientCapabilities=CAP_NET_RAW, as root, or in a container with --cap-add NET_RAW';
      if (mayCapture === null) return [warn('the capabilities of this process cannot be read', remedy)];
      if (!mayCapture) return [fail('CAP_NET_RAW is missing: no adapter can be opened', remedy)];
      if (inUserNamespace)
        return [
          warn(
            'CAP_NET_RAW holds only inside a user namespace: adapters of the host stay closed',
            'run outside of the user namespace (a rootful container with --network host)',
          ),
        ];
      // Promiscuous mode needs no more than CAP_NET_RAW; only monitor mode of wireless adapters does.
      return [pass(mayConfigure ? 'CAP_NET_RAW and CAP_NET_ADMIN' : 'CAP_NET_RAW')];
    }
    case 'win32': {
      if (mayCapture === true) return [pass('elevated')];
      if (npcap?.adminOnly)
        return [
          fail(
            'Npcap is restricted to administrators (AdminOnly), and this process is not elevated',
            'run elevated, or install Npcap again without "Restrict Npcap driver\'s access to Administrators only"',
          ),
        ];
      return npcap === null
        ? [warn('the options of Npcap cannot be read', 'install Npcap 1.0 or later')]
        : [pass('not elevated; Npcap is open to all users')];
    }
    default: {
      if (mayCapture === true) return [pass('a BPF device can be opened')];
      const remedy = 'run as root, or give this user the group of /dev/bpf* (access_bpf, as Wireshark installs it)';
      return [
        mayCapture === null ? warn('there are no BPF devices to look at', remedy) : fail('no BPF device can be opened', remedy),
      ];
    }
  }
}
