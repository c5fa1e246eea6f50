#!/usr/bin/env node
import { earlyWorkerFor } from './early.ts'
/**
 * The program. Its first deed is to listen to its signals, before anything that takes time is loaded: TTIN and TTOU
 * would stop a process that does not, USR1 would start Node's debugger, HUP and USR2 would end it. Whatever comes
 * before the master is made is kept for it; one that asks for the end is obeyed at once.
 */
import { EarlySignals } from './early-signals.ts'

const signals = new EarlySignals()
const early = earlyWorkerFor(process.argv.slice(2), process.env)
const { main } = await import('./main.ts')
await main(process.argv.slice(2), { signals, early })
