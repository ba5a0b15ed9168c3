// Preloaded into a sensor: kills each of its workers two seconds after it is ready.
process.on('worker', (worker) => {
  worker.once('message', () => setTimeout(() => worker.terminate(), 2000));
});
