// The engine in Node, on one recording: prints its utterances as JSON, one a line.
//   node recognize.mjs FOLDER BUNDLE PCM [--silence SECONDS] [--alternatives N] [--chunk SAMPLES] [--float]
//                      [--gate] [--logprobs FILE]
// FOLDER has schatten.js; BUNDLE is a folder of `schatten bundle`, or a model alone (.gguf); PCM is raw 16-bit sound of
// 16 kHz. --logprobs writes every output frame's log-probabilities, as the bits of floats.
import {readFileSync, writeFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';
import {parseArgs} from 'node:util';

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {
    silence: {type: 'string', default: '0'},
    alternatives: {type: 'string', default: '0'},
    chunk: {type: 'string', default: '1600'},
    float: {type: 'boolean', default: false},
    gate: {type: 'boolean', default: false},
    logprobs: {type: 'string'},
  },
});
const [folder, bundle, pcm] = positionals;
const {Recognizer} = await import(new URL('schatten.js', pathToFileURL(`${folder}/`)));
const recognizer = bundle.endsWith('.gguf')
  ? await Recognizer.open({model: readFileSync(bundle)})
  : await Recognizer.fetch(pathToFileURL(`${bundle}/`));

const bytes = readFileSync(pcm);
const recorded = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const samples = values.float ? Float32Array.from(recorded, (value) => value / 32768) : recorded;
const frames = [];
const onLogprobs = values.logprobs ? (frame) => frames.push(Buffer.from(frame.buffer)) : null;
const stream = recognizer.stream({
  silence: Number(values.silence),
  alternatives: Number(values.alternatives),
  gate: values.gate,
  onLogprobs,
});
const chunk = Number(values.chunk);
for (let from = 0; from < samples.length; from += chunk) {
  for (const utterance of stream.accept(samples.subarray(from, from + chunk))) console.log(JSON.stringify(utterance));
}
console.log(JSON.stringify(stream.finish()));
if (values.logprobs) writeFileSync(values.logprobs, Buffer.concat(frames));
