// What others need of the configuration.
export { needRestart } from './changes.ts';
export { configKeys } from './keys.ts';
export { type Loaded, loadConfig, type Overrides, override, readSecret } from './load.ts';
export { type Config, pipelineMegabytes } from './schema.ts';
