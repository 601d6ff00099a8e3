// Answers questions with llama.cpp, through node-llama-cpp, greedily and several at a time.
//
//     node llama_cpp_driver.mjs INSTALLATION questions.json answers.json
//
// INSTALLATION is the folder with node_modules. questions.json: {model, threads, sequences, max_tokens, questions:
// [{text, stop}]}; model is a GGUF file, and texts are continued as they are, without a chat template. answers.json is
// written when all are there: {loading_seconds, generating_seconds, versions, system, answers: [{prompt, tokens, text,
// finish_reason}]}, in the order of the questions. `prompt` is in tokens; `tokens` counts the one that ended the text.

import {readFileSync, writeFileSync} from "node:fs";
import path from "node:path";
import {pathToFileURL} from "node:url";

const [installation, questionsFile, answersFile] = process.argv.slice(2);
const job = JSON.parse(readFileSync(questionsFile, "utf8"));
const packageFolder = path.resolve(installation, "node_modules", "node-llama-cpp");
const {getLlama} = await import(pathToFileURL(path.join(packageFolder, "dist", "index.js")));

const llama = await getLlama({gpu: false, build: "never", maxThreads: job.threads, progressLogs: false});
const model = await llama.loadModel({modelPath: job.model});
const questions = job.questions.map(({text, stop}) => ({tokens: model.tokenize(text), stop}));
const longest = Math.max(...questions.map(({tokens}) => tokens.length));
const context = await model.createContext({
    sequences: job.sequences,
    contextSize: longest + job.max_tokens + 1, // of each sequence
    threads: {ideal: job.threads, min: job.threads},
});
const loaded = process.uptime();

const answers = new Array(questions.length);
let next = 0;
const workers = Array.from({length: job.sequences}, async () => {
    const sequence = context.getSequence();
    while (next < questions.length) {
        const number = next++;
        await sequence.clearHistory(); // also of what the next question begins with
        answers[number] = await answer(sequence, questions[number]);
    }
});
await Promise.all(workers);

writeFileSync(answersFile, JSON.stringify({
    loading_seconds: loaded,
    generating_seconds: process.uptime() - loaded,
    versions: {
        "node": process.version,
        "node-llama-cpp": JSON.parse(readFileSync(path.join(packageFolder, "package.json"), "utf8")).version,
        "llama.cpp": llama.llamaCppRelease.release,
    },
    system: llama.systemInfo.trim(),
    answers,
}));
await llama.dispose();

async function answer(sequence, {tokens, stop}) {
    const written = [];
    const ended = (reason, count) => ({prompt: tokens, tokens: count, text: model.detokenize(written), finish_reason: reason});
    // Without a temperature the likeliest token is taken; penalties for repetition are off unless they are asked for.
    for await (const token of sequence.evaluate(tokens, {temperature: 0, yieldEogToken: true})) {
        if (model.isEogToken(token))
            return ended("stop", written.length + 1);
        written.push(token);
        const text = model.detokenize(written);
        if (stop.some((one) => text.includes(one)))
            return ended("stop", written.length);
        if (written.length === job.max_tokens)
            return ended("length", written.length);
    }
    throw new Error("llama.cpp ended an answer without saying so");
}
