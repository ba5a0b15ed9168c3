// An envelope is used again for every activity: nothing of the last one may be in the next.
import { expect, it } from 'vitest';
import { Speaker } from '../../../src/activity/speaker.ts';
import type { ActivityType } from '../../../src/protocols/fields.ts';
import type { FlowContext } from '../../../src/transport/flow-context.ts';
import { TestContext } from '../../support/record.ts';

const first: ActivityType = { type: 'a.one', protocol: 'a', help: '' };
const second: ActivityType = { type: 'b.two', protocol: 'b', help: '' };

it('holds nothing of the activity before', () => {
  const unused = (): FlowContext => {
    throw new Error('no line was begun');
  };
  const counter = { activity: () => undefined, message: () => undefined };
  const { activities } = new Speaker(unused, 'test', new Uint8Array(16), counter);
  const context = new TestContext();
  const envelope = activities.envelope(first, context);
  for (const [key, value] of Object.entries(envelope)) {
    const other = typeof value === 'number' ? 7 : typeof value === 'boolean' ? !value : typeof value === 'string' ? 'x' : {};
    Object.assign(envelope, { [key]: other });
  }
  context.seconds++;
  context.frame = 9;
  context.direction = 1;
  // A test's own sink makes each anew.
  expect({ ...activities.envelope(second, context) }).toEqual(new TestContext().activities.envelope(second, context));
});
