// Which backend captures: the addon, or cap where the addon is not built; the user may insist on one.
import { AdtapError } from '../../errors.ts';
import { libraryFacts, refusal } from '../../host/capture-library.ts';
import { loadBinding } from '../../native/binding.ts';
import type { CaptureBackend } from './backend.ts';
import { loadCap } from './cap.ts';
import { NativeBackend } from './native.ts';

export type BackendChoice = 'auto' | 'native' | 'cap';

/** Throws AdtapError ADTAP_E_NO_CAPTURE when the one wished for, or any, is not there. */
export function chooseBackend(choice: BackendChoice): { readonly backend: CaptureBackend; readonly note: string } {
  let problem = '';
  if (choice !== 'cap') {
    const loaded = loadBinding();
    if ('binding' in loaded) {
      const refused = refusal(libraryFacts(loaded.version));
      if (refused !== null) throw new AdtapError('ADTAP_E_NO_CAPTURE', `${refused}; adtap doctor tells what to install`);
      return { backend: new NativeBackend(loaded.binding, loaded.version), note: '' };
    }
    problem = loaded.problem;
  }
  if (choice !== 'native') {
    const backend = loadCap();
    if (backend !== null) return { backend, note: problem };
    problem = problem === '' ? 'the package cap is not installed, or not built' : `${problem}; nor is the package cap installed`;
  }
  throw new AdtapError('ADTAP_E_NO_CAPTURE', `live capture is not possible here: ${problem}`);
}
