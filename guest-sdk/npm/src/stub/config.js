// The configuration of an instance: checked against the declared fields, as the host does before `create` runs.
import { durationOf } from "./arguments.js";

const DRY_RUN = {
  name: "dry_run",
  type: "bool",
  description: "When true, strategy logs intended orders without submitting them",
  default: true,
  required: false,
};

const FITS = {
  string: (value) => typeof value === "string",
  int: (value) => Number.isSafeInteger(value),
  float: (value) => Number.isFinite(value),
  number: (value) => Number.isFinite(value),
  bool: (value) => typeof value === "boolean",
  duration: (value) => durationOf(value) !== undefined,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  array: Array.isArray,
};

/** `env.metadata`. */
export function declared(metadata) {
  const field = ({ name, type, description = "", default: preset, required = false }) =>
    Object.freeze({ name, type, description, default: preset ?? undefined, required });
  const fields = (metadata.config ?? []).map(field);
  if (!fields.some(({ name }) => name === DRY_RUN.name)) fields.push(Object.freeze({ ...DRY_RUN }));
  return Object.freeze({
    name: String(metadata.name).trim().toLowerCase(),
    tag: metadata.tag ?? "",
    displayName: metadata.displayName,
    description: metadata.description ?? "",
    config: Object.freeze(fields),
    events: Object.freeze([...metadata.events]),
  });
}

/** `env.config`. Orders are recorded unless it says `dry_run: true`. */
export function configured(metadata, given, additional) {
  const values = { dry_run: false, ...given };
  const config = {};
  const issues = [];
  for (const { name, type, default: preset, required } of metadata.config) {
    const value = values[name] ?? preset;
    if (value === undefined) {
      if (required) issues.push(`config.${name}: is required`);
    } else if (!FITS[type]) {
      issues.push(`config.${name}: there is no type ${JSON.stringify(type)}`);
    } else if (FITS[type](value)) {
      config[name] = structuredClone(value);
    } else {
      issues.push(`config.${name}: ${JSON.stringify(value)} is given, the type is ${type}`);
    }
  }
  for (const [name, value] of Object.entries(values)) {
    if (metadata.config.some((field) => field.name === name)) continue;
    if (additional) config[name] = structuredClone(value);
    else issues.push(`config.${name}: is not declared; there are ${metadata.config.map((field) => field.name).join(", ")}`);
  }
  if (issues.length > 0) throw new TypeError(issues.join("\n"));
  return config;
}
