/** The recipes by the names that `tsgunicorn init` knows them by. */
import { docker } from './docker.ts'
import { haproxy } from './haproxy.ts'
import { kubernetes } from './kubernetes.ts'
import { logrotate } from './logrotate.ts'
import { nginx } from './nginx.ts'
import { procfile } from './procfile.ts'
import type { Recipe } from './recipe.ts'
import { supervisor } from './supervisor.ts'
import { systemd } from './systemd.ts'

export const recipes = {
  systemd,
  nginx,
  haproxy,
  docker,
  k8s: kubernetes,
  supervisor,
  logrotate,
  procfile,
} as const satisfies Record<string, Recipe>

export type RecipeName = keyof typeof recipes

export const recipeNames = Object.keys(recipes) as readonly RecipeName[]

export const isRecipeName = (name: string): name is RecipeName => Object.hasOwn(recipes, name)
