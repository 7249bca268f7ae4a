export type Choice = string | number | boolean;

/** What `application/vnd.atrium.widget+json` holds. */
export interface WidgetData {
  /** A Python name. */
  name: string;
  kind: 'dropdown';
  label: string;
  choices: Choice[];
  value: Choice;
}

/** A widget out of JSON that anybody may have written; null when it is none, or one that is not known here. */
export function readWidget(value: unknown): WidgetData | null {
  const widget = value as Partial<WidgetData> | null;
  const name = widget?.name;
  if (widget?.kind !== 'dropdown' || typeof name !== 'string' || !isPythonName(name)) {
    return null;
  }
  if (!Array.isArray(widget.choices) || !widget.choices.every(isChoice) || !isChoice(widget.value)) {
    return null;
  }
  return {
    name,
    kind: 'dropdown',
    label: String(widget.label ?? name),
    choices: widget.choices,
    value: widget.value
  };
}

export function isPythonName(name: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name);
}

function isChoice(value: unknown): value is Choice {
  return (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value))
  );
}
