import { type Choice, isPythonName } from '../ui/output/widget';

/** Python that picks a value and leaves no name behind. */
export function pickCode(name: string, value: Choice): string {
  if (!isPythonName(name)) {
    throw new TypeError(`${name} is no name`);
  }
  const literal = typeof value === 'boolean' ? (value ? 'True' : 'False') : JSON.stringify(value);
  return `__import__("workspace_ext").widgets.set("${name}", ${literal})`;
}
