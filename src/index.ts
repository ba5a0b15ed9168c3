// What users import. Everything else is the house's own.
export type { ActivityLine, EndpointLine, EntityLine, Line, MessageLine, AccountLine } from './activity/lines.ts';
export { AdtapError, type ErrorCode } from './errors.ts';
export { replay, type Replay } from './runtime/library.ts';
export type { Emit, ReplaySettings, ReplaySummary } from './runtime/replay.ts';
