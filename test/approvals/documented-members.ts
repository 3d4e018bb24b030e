import { readText } from './files.ts';

/** A member of an options object, as its source describes it. */
export interface DocumentedMember {
  readonly name: string;
  /** The text after `@default`, `required` for a member that must be given, `none` for one without a default. */
  readonly default: string;
}

/** The members of an interface, in the order of the source. The layout is the one that the formatter gives. */
export function membersOf(file: string, name: string): readonly DocumentedMember[] {
  const lines = readText(file).split('\n');
  const start = lines.findIndex((line) => new RegExp(`^export interface ${name}\\b`).test(line));
  if (start === -1) throw new Error(`${file} has no interface ${name}.`);
  const open = start + lines.slice(start).findIndex((line) => line.endsWith('{'));
  const close = open + lines.slice(open).findIndex((line) => line === '}' || line.endsWith('{}'));
  let comment = '';
  return lines.slice(open + 1, close).flatMap((line) => {
    const member = /^ {2}(?:readonly )?(\w+)(\??)[:(]/.exec(line);
    if (member === null) {
      comment += `${line}\n`;
      return [];
    }
    const [, memberName = '', optional] = member;
    const given = /@default ([^]*?)\s*(?:\*\/|\n\s*\*\s*\n|\n\s*\*\s*@)/.exec(comment)?.[1];
    comment = '';
    const wanted = given?.replaceAll(/\s*\n\s*\*\s*/g, ' ');
    return [{ name: memberName, default: wanted ?? (optional === '?' ? 'none' : 'required') }];
  });
}
