/** The scalar functions that are simulated. */
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { parseJson } from "../json.ts";
import { constant, derived, type Scalar, type Scope } from "./scalar.ts";
import { parseDatetime, parseTimespan, textOf, type Value } from "./values.ts";

type Build = (given: readonly Scalar[], scope: Scope, type: string) => Scalar;

/** A function of its arguments' values and nothing else. */
function pure(type: string, apply: (values: Value[], given: readonly Scalar[]) => Value): Build {
  return (given) =>
    derived(type, given, (row) =>
      apply(
        given.map((one) => one.read(row)),
        given,
      ),
    );
}

/** A function of its arguments' texts. */
function ofText(type: string, apply: (...texts: string[]) => Value): Build {
  return pure(type, (values, given) =>
    apply(...values.map((value, index) => textOf(value, given[index]?.type ?? ""))),
  );
}

/** The first argument's type is the result's. */
const choice =
  (choose: (values: Value[]) => Value): Build =>
  (given, _scope, type) =>
    derived(type, given, (row) => choose(given.map((one) => one.read(row))));

function numberOf(value: Value): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "string" || value.trim() === "") return null;
  const number = Number(value);
  return Number.isNaN(number) ? null : number;
}

const toWhole = (value: Value) => {
  const number = numberOf(value);
  return number === null ? null : Math.trunc(number);
};

/** Rounds down to a multiple; ticks to ticks. */
function bin(value: Value, size: Value): Value {
  if (typeof value === "bigint" && typeof size === "bigint" && size > 0n) {
    const over = ((value % size) + size) % size;
    return value - over;
  }
  if (typeof value !== "number" || typeof size !== "number" || size <= 0) return null;
  return Math.floor(value / size) * size;
}

function ipv4Number(text: string): number | null {
  if (!isIPv4(text)) return null;
  return text.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

/** Whether an address lies in `a.b.c.d/nn`; null when either is no IPv4. */
export function ipv4InRange(address: string, range: string): boolean | null {
  const [network = "", bits = "32"] = range.split("/");
  const [a, b] = [ipv4Number(address), ipv4Number(network)];
  const length = Number(bits);
  if (a === null || b === null || !(length >= 0 && length <= 32)) return null;
  const size = 2 ** (32 - length);
  return Math.floor(a / size) === Math.floor(b / size);
}

/** Whether an address lies in a range, both IPv4 or IPv6; null when either is neither. IPv4 counts as IPv4-mapped. */
export function ipv6InRange(address: string, range: string): boolean | null {
  const [network = "", bits] = range.split("/");
  if (!(isIPv4(address) || isIPv6(address)) || !(isIPv4(network) || isIPv6(network))) return null;
  const length = bits === undefined ? 128 : Number(bits) + (isIPv4(network) ? 96 : 0);
  if (!(length >= 0 && length <= 128)) return null;
  const mapped = (text: string) => (isIPv4(text) ? `::ffff:${text}` : text);
  const list = new BlockList();
  list.addSubnet(mapped(network), length, "ipv6");
  return list.check(mapped(address), "ipv6");
}

const isEmpty = (value: Value) => value === null || value === "";

export const functions: Readonly<Record<string, Build>> = {
  now: (given, scope) => shifted(scope, given[0], 1n),
  ago: (given, scope) => shifted(scope, given[0], -1n),
  not: pure("bool", ([value = null]) => (value === null ? null : value !== true)),
  isempty: pure("bool", ([value = null]) => isEmpty(value)),
  isnotempty: pure("bool", ([value = null]) => !isEmpty(value)),
  isnull: pure("bool", ([value = null]) => value === null),
  isnotnull: pure("bool", ([value = null]) => value !== null),
  tolower: ofText("string", (text = "") => text.toLowerCase()),
  toupper: ofText("string", (text = "") => text.toUpperCase()),
  tostring: ofText("string", (text = "") => text),
  strcat: ofText("string", (...texts) => texts.join("")),
  strlen: ofText("long", (text = "") => [...text].length),
  trim: ofText("string", (pattern = "", text = "") =>
    text.replace(new RegExp(`^(?:${pattern})|(?:${pattern})$`, "g"), ""),
  ),
  toint: pure("int", ([value = null]) => toWhole(value)),
  tolong: pure("long", ([value = null]) => toWhole(value)),
  toreal: pure("real", ([value = null]) => numberOf(value)),
  todouble: pure("real", ([value = null]) => numberOf(value)),
  tobool: pure("bool", ([value = null]) =>
    isEmpty(value) ? null : value === true || value === "true" || value === 1,
  ),
  todatetime: pure("datetime", ([value = null]) =>
    typeof value === "string" ? parseDatetime(value) : typeof value === "bigint" ? value : null,
  ),
  totimespan: pure("timespan", ([value = null]) =>
    typeof value === "string" ? parseTimespan(value) : typeof value === "bigint" ? value : null,
  ),
  parse_json: pure("dynamic", ([value = null]) =>
    typeof value === "string" ? (parseJson(value) ?? value) : value,
  ),
  todynamic: pure("dynamic", ([value = null]) =>
    typeof value === "string" ? (parseJson(value) ?? value) : value,
  ),
  ipv4_is_in_range: ofText("bool", (address = "", range = "") => ipv4InRange(address, range)),
  ipv4_is_in_any_range: pure("bool", ([address = null, ...ranges]) =>
    ranges.flat().some((range) => ipv4InRange(String(address), String(range)) === true),
  ),
  ipv6_is_in_range: ofText("bool", (address = "", range = "") => ipv6InRange(address, range)),
  ipv6_is_in_any_range: pure("bool", ([address = null, ...ranges]) =>
    ranges.flat().some((range) => ipv6InRange(String(address), String(range)) === true),
  ),
  split: ofText("dynamic", (text = "", delimiter = "") => text.split(delimiter)),
  replace_string: ofText("string", (text = "", wanted = "", by = "") => text.replaceAll(wanted, () => by)),
  extract: ofText(
    "string",
    (pattern = "", group = "0", text = "") => new RegExp(pattern, "u").exec(text)?.[Number(group)] ?? "",
  ),
  bin: (given, _scope, type) =>
    derived(type, given, (row) => bin(given[0]?.read(row) ?? null, given[1]?.read(row) ?? null)),
  floor: (given, _scope, type) =>
    derived(type, given, (row) => bin(given[0]?.read(row) ?? null, given[1]?.read(row) ?? null)),
  iff: choice(([test, yes = null, no = null]) => (test === true ? yes : no)),
  iif: choice(([test, yes = null, no = null]) => (test === true ? yes : no)),
  coalesce: choice((values) => values.find((value) => !isEmpty(value)) ?? null),
  array_length: pure("long", ([value = null]) => (Array.isArray(value) ? value.length : null)),
  pack_array: pure("dynamic", (values) => values.map((value) => (typeof value === "bigint" ? null : value))),
};

function shifted(scope: Scope, by: Scalar | undefined, sign: bigint): Scalar {
  const shift = by?.read([]) ?? 0n;
  return constant("datetime", typeof shift === "bigint" ? scope.nowTicks + sign * shift : null);
}
