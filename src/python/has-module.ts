/** Whether an interpreter can import a module. The finders are asked; it is not imported for that. */
import { ServerError } from '../errors.ts'
import { runPython } from './run.ts'

export interface ModuleQuestion {
  /** The interpreter, absolute. */
  readonly python: string
  /** Dotted; only its first part is looked for, because finding the others would import it. */
  readonly module: string
  /** Whether modules of the standard library count. */
  readonly standard: boolean
  /** Absolute folders that are searched before the interpreter's own. */
  readonly folders: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

// The current folder leaves the path while the finders are loaded: a types.py in it would be taken for Python's own.
const question = `import sys
sys.path.pop(0)
import importlib.util, os, sysconfig
name, standard, folders = sys.argv[1], sys.argv[2], sys.argv[3:]
sys.path[:0] = folders
spec = importlib.util.find_spec(name)
if spec is not None and standard == "no":
    own = os.path.realpath(sysconfig.get_paths()["stdlib"]) + os.sep
    where = os.path.realpath(spec.origin or "") if spec.has_location else ""
    foreign = "site-packages" in where or "dist-packages" in where
    if not where or (where.startswith(own) and not foreign):
        spec = None
sys.exit(0 if spec is not None else 20)`
const absent = 20

/** Rejects with TSG_PYTHON when the interpreter cannot tell. */
export const hasModule = async (asked: ModuleQuestion): Promise<boolean> => {
  const { python, module, standard, folders, cwd, env } = asked
  const first = module.split('.')[0] ?? module
  const args = ['-c', question, first, standard ? 'yes' : 'no', ...folders]
  const { code, fault, stderr } = await runPython({ path: python, args, cwd, env })
  if (code === 0 || code === absent) return code === 0
  throw new ServerError(
    'TSG_PYTHON',
    `${python} could not tell whether there is a module '${first}': ${fault ?? `it exits with ${code}`}.`,
    { detail: stderr.trim() },
  )
}
