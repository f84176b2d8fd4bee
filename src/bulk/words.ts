/** Lists of words from a table, as an argument: by value, label or alias, in any case. */
import { choice, textList } from "../contract/arguments.ts";

/** Empty when missing; repeats are folded. */
export function wordsOf<K extends string>(
  description: string,
  terms: Readonly<Record<K, { label: string; aliases?: readonly string[] }>>,
) {
  const one = choice<K, null>(description, terms, null);
  return textList(description).transform((given, context): K[] => {
    const parsed = given.map((word) => one.safeParse(word));
    for (const { error } of parsed)
      for (const { message } of error?.issues ?? []) context.addIssue({ code: "custom", message });
    return [...new Set(parsed.flatMap(({ data }) => data ?? []))];
  });
}
