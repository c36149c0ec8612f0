// Times builds of the engine beside each other in Node, on noise, in turns:
//   node time.mjs MODEL FOLDER...
// FOLDER has schatten.js. Prints the least CPU time of four output frames for each build, and how many times faster the last
// is than the first. `schatten device compare-web` gives it models.
import {readFileSync} from 'node:fs';
import {basename} from 'node:path';
import {pathToFileURL} from 'node:url';

const ROUNDS = 5;
const WARM_SECONDS = 2; // V8 compiles what runs often once more
const TIMED_SECONDS = 4;

const [path, ...folders] = process.argv.slice(2);
const model = readFileSync(path);

function noise(seconds) {
  let state = 1;
  return Int16Array.from({length: seconds * 16000}, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 18) - 8192;
  });
}

const contestants = [];
for (const folder of folders) {
  const {Recognizer} = await import(new URL('schatten.js', pathToFileURL(`${folder}/`)));
  const started = performance.now();
  const recognizer = await Recognizer.open({model});
  const loading = performance.now() - started;
  const stream = recognizer.stream();
  stream.accept(noise(WARM_SECONDS));
  contestants.push({folder, loading, stream, chunk: 4 * recognizer.info.secondsPerFrame, least: Infinity});
}
const sound = noise(TIMED_SECONDS);
for (let round = 0; round < ROUNDS; ++round) {
  for (const one of contestants) {
    const before = process.cpuUsage();
    one.stream.accept(sound);
    const taken = process.cpuUsage(before).user / 1e6;
    one.least = Math.min(one.least, taken);
  }
}
for (const {folder, loading, chunk, least} of contestants) {
  const ms = (1000 * least * chunk) / TIMED_SECONDS;
  const speed = (TIMED_SECONDS / least).toFixed(1);
  console.log(`  ${basename(folder)}: ${ms.toFixed(2)} ms for ${Math.round(1000 * chunk)} ms of sound, ${speed} x real time, loaded in ${loading.toFixed(0)} ms`);
}
console.log(`  ratio: ${(contestants[0].least / contestants.at(-1).least).toFixed(2)}`);
