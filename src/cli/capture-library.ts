// The capture library as `adtap adapters` and `adtap doctor` see it: loaded, or with the reason why it is not.
import { loadCap } from '../capture/live/cap.ts';
import type { LoadedLibrary } from '../host/capture-library.ts';
import { loadBinding } from '../native/binding.ts';

export function loadCaptureLibrary(): LoadedLibrary {
  const loaded = loadBinding();
  if ('problem' in loaded) return { problem: loaded.problem, standIn: loadCap() === null ? null : 'the package cap' };
  const { binding, version } = loaded;
  return { version, devices: () => binding.devices(), linktype: (device) => binding.linktype(device) };
}
