#!/usr/bin/env node
/** The program `tsgunicornc`: gives the client its surroundings, and ends with its status. */
import { run } from '../client/run.ts'
import { exit } from './exit.ts'

const { stdout, stderr } = process
// Whoever reads may go, as `head` does: then there is nobody left to tell.
for (const stream of [stdout, stderr]) stream.on('error', () => exit(0))
// What has words for it, or a terminal to give back, listens itself.
process.on('SIGINT', () => {
  if (process.listenerCount('SIGINT') === 1) exit(130)
})

const status = await run({
  argv: process.argv.slice(2),
  env: process.env,
  directory: process.cwd(),
  uid: process.getuid?.() ?? 0,
  output: stdout,
  errors: stderr,
  // Looked at by who reads keys alone: opening it takes time.
  get input() {
    return process.stdin
  },
})
// A slow reader is given all of it before the end.
if (stdout.writableLength === 0) exit(status)
else stdout.once('drain', () => exit(status))
