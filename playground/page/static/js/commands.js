// The registered commands, as the picker needs them: leaves with their path, for who may use them.

import { guild, member, store } from "./store.js";

const SUBCOMMAND = 1;
const SUBCOMMAND_GROUP = 2;
const ADMINISTRATOR = 1n << 3n;
const SLASH = 1;

export const OPTION = {
  STRING: 3,
  INTEGER: 4,
  BOOLEAN: 5,
  USER: 6,
  CHANNEL: 7,
  ROLE: 8,
  MENTIONABLE: 9,
  NUMBER: 10,
  ATTACHMENT: 11,
};

function usable(command) {
  const needed = command.default_member_permissions;
  if (needed === null || needed === undefined) return true;
  const mine = BigInt(member(store.viewer)?.permissions ?? "0");
  if (mine & ADMINISTRATOR) return true;
  return needed !== "0" && (mine & BigInt(needed)) === BigInt(needed);
}

/** Commands of one type that this member sees in this place. */
export function commandsOf(type) {
  const all = store.state?.commands?.[guild()?.id ?? "dm"] ?? [];
  return all.filter((command) => (command.type ?? SLASH) === type && usable(command));
}

/** Every slash command one can send: `{name, path, title, description, options}`. */
function slashCommands() {
  return commandsOf(SLASH).flatMap((command) => leaves(command, [], command));
}

function leaves(command, path, node) {
  const children = (node.options ?? []).filter(
    (o) => o.type === SUBCOMMAND || o.type === SUBCOMMAND_GROUP,
  );
  if (!children.length) {
    return [
      {
        name: command.name,
        path,
        title: [command.name, ...path].join(" "),
        description: node.description,
        options: node.options ?? [],
      },
    ];
  }
  return children.flatMap((child) => leaves(command, [...path, child.name], child));
}

/** Best first: by the start of the name, the start of any word, then anywhere in name or text. */
export function findCommands(typed) {
  const wanted = typed.toLowerCase();
  const rank = (c) => {
    if (c.title.startsWith(wanted)) return 0;
    if (c.title.includes(` ${wanted}`)) return 1;
    if (c.title.includes(wanted)) return 2;
    return c.description.toLowerCase().includes(wanted) && wanted.length > 2 ? 3 : 9;
  };
  return slashCommands()
    .map((c) => [rank(c), c])
    .filter(([r]) => r < 9)
    .sort((a, b) => a[0] - b[0])
    .map(([, c]) => c);
}

/** `name` or "name sub" as one sendable command, or null. */
export const commandByTitle = (title) => slashCommands().find((c) => c.title === title) ?? null;

/** Read a pasted "/video prompt:a boat model:veo" as a command and its values, or null. */
export function readCommandText(text) {
  if (!text.startsWith("/")) return null;
  const found = slashCommands()
    .filter((c) => text === `/${c.title}` || text.startsWith(`/${c.title} `))
    .sort((a, b) => b.title.length - a.title.length)[0];
  if (!found) return null;
  const rest = text.slice(found.title.length + 1).trim();
  const names = found.options.map((o) => o.name.replace(/[^\p{L}\p{N}_-]/gu, ""));
  const values = {};
  if (names.length) {
    const parts = rest.split(new RegExp(`(?:^|\\s)(${names.join("|")}):`, "u"));
    if (parts[0].trim()) return null;
    for (let i = 1; i < parts.length; i += 2) values[parts[i]] = parts[i + 1].trim();
  }
  return rest && !Object.keys(values).length ? null : { command: found, values };
}
