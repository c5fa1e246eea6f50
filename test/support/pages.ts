/** What stands in the code blocks of a Markdown page. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './machine.ts'

const blocks = /^```(?<language>\w+)(?: (?<name>[\w./-]+))?\n(?<text>[\s\S]*?)^```$/gmu

interface Block {
  readonly language: string
  /** Blocks that are files have their name behind the language. */
  readonly name: string | undefined
  readonly text: string
}

export const pageText = (path: string): string => readFileSync(join(repository, path), 'utf8')

export const pageBlocks = (path: string): readonly Block[] =>
  [...pageText(path).matchAll(blocks)].map(({ groups }) => ({
    language: groups?.['language'] ?? '',
    name: groups?.['name'],
    text: groups?.['text'] ?? '',
  }))

/** The blocks that are files: name -> text. */
export const pageFiles = (path: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    pageBlocks(path).flatMap(({ name, text }) => (name === undefined ? [] : [[name, text] as const])),
  )
