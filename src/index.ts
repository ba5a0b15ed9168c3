// What users import. Everything else is the house's own.
export type { AccountLine, ActivityLine, EndpointLine, EntityLine, Line, MessageLine } from './activity/lines.ts';
export { AdtapError, type ErrorCode } from './errors.ts';
export { type Replay, replay } from './runtime/library.ts';
export type { Emit, ReplaySettings, ReplaySummary } from './runtime/replay.ts';
