/**
 * The vocabulary of settings. A constructor of `setting-kinds.ts` (`integer`, `flag`, `list`, `hook` ...) states a setting's TypeScript
 * type, its JSON Schema, how its text (a flag's or a variable's) is read and what is allowed, side by side;
 * `settings/*.ts` use it, and the type, the schema, the flags, the manual and the docs are derived from them.
 */

export type JsonSchema = Readonly<Record<string, unknown>>

/** The value, or words about what is allowed (the caller adds file, setting and value). */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false
      readonly allowed: string
      /** The text is not of the type at all, as letters for a number: on a command line that is wrong usage. */
      readonly unreadable?: boolean
    }

export const accepted = <T>(value: T): Checked<T> => ({ ok: true, value })
export const refused = (allowed: string): Checked<never> => ({ ok: false, allowed })
export const unreadable = (allowed: string): Checked<never> => ({ ok: false, allowed, unreadable: true })

/** What every declaration says of a setting, whatever its type. */
export interface About<T> {
  /** The flags, short one first; none for settings that only a file can give. */
  readonly cli?: readonly string[]
  readonly metavar?: string
  /** The environment variable the default is taken from. */
  readonly env?: string
  /** Reads the environment variable when its text is not what the flag takes, as PORT for `bind`. */
  readonly parseEnv?: (text: string) => Checked<T>
  readonly default: T
  /** How the default is written in the manual when it is not the literal value, as "the number of cores". */
  readonly defaultText?: string
  /** One sentence. */
  readonly summary: string
  /** When to change it, what goes wrong: Markdown paragraphs. */
  readonly details?: string
  /** Absent: Gunicorn's setting, meaning the same. `differs` says how ours is another. `false`: only ours. */
  readonly gunicorn?: { readonly differs?: string } | false
  /** Named in the short `--help`. */
  readonly common?: boolean
  /** The part of the server that will honour it; given before then, it is an error that says so. */
  readonly later?: string
  /** Accepted because Gunicorn's users give it, and read by nobody; `details` says why. */
  readonly inert?: true
}

export interface Setting<T = unknown> extends About<T> {
  /** What the constructor was called, as 'integer'. */
  readonly kind: string
  /** The type as TypeScript text, for the generated declaration. */
  readonly type: string
  /** The type a configuration file may write, when it is wider than `type`, as `string | readonly string[]`. */
  readonly accepts?: string
  readonly schema: JsonSchema
  /** What flags do: 'switch' takes no value, 'append' may be repeated, 'value' takes one, 'optional' may take one. */
  readonly flag: 'switch' | 'append' | 'value' | 'optional'
  /** The value a 'switch' gives, or an 'optional' one without its value. */
  readonly constant?: unknown
  /** Reads a flag's or a variable's text. */
  readonly parse: (text: string) => Checked<T>
  /** Judges a value of a configuration file; may normalise it. */
  readonly check: (value: unknown) => Checked<T>
}

/** What a constructor knows of a setting before anything is said about it. */
export type Kind<T> = Omit<Setting<T>, keyof About<T>>

/** Puts a kind and what is said about the setting together. */
export const declare = <T>(kind: Kind<T>, about: About<T>): Setting<T> => ({ ...kind, ...about })

/** The TypeScript type of a setting's value. */
export type ValueOf<S> = S extends Setting<infer T> ? T : never
