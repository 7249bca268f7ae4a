/** Up to two letters that stand for a name: first and last word's. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = words[0] ?? '?';
  const last = words.length > 1 ? (words[words.length - 1] ?? '') : '';
  return ([...first][0] ?? '?').concat([...last][0] ?? '').toUpperCase();
}

/** How many `--jp-collaborator-color<n>` JupyterLab's themes have, counted from 1. */
const COLOURS = 7;

/** The number of a person's colour when the server gives none; the same for the same name everywhere. */
export function colourIndex(name: string): number {
  let hash = 0;
  for (const character of name) {
    hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  }
  return (hash % COLOURS) + 1;
}

export interface AvatarProps {
  name: string;
  /** A CSS colour of the identity, such as `var(--jp-collaborator-color3)`. */
  color?: string | null;
  /** Show the name beside it. */
  named?: boolean;
}

/** A person. */
export function Avatar(props: AvatarProps): JSX.Element {
  const color = props.color || `var(--jp-collaborator-color${colourIndex(props.name)})`;
  return (
    <span className="atrium-Avatar" title={props.named ? undefined : props.name}>
      <span
        className="atrium-Avatar-disc"
        ref={disc => disc?.style.setProperty('--atrium-avatar-color', color)}
        role={props.named ? undefined : 'img'}
        aria-label={props.named ? undefined : props.name}
        aria-hidden={props.named ? true : undefined}
      >
        {initials(props.name)}
      </span>
      {props.named ? <span className="atrium-Avatar-name">{props.name}</span> : null}
    </span>
  );
}
