type Json = Readonly<Record<string, unknown>>;

/** The classes of all layers of a Keras topology, also of models within models and of layers within layers. */
export function layerClasses(topology: Json): string[] {
  return classesOf(isJson(topology['model_config']) ? topology['model_config'] : topology);
}

function classesOf(layer: unknown): string[] {
  if (!isJson(layer)) return [];
  const { class_name: name, config } = layer;
  // A Sequential's configuration was once the list of its layers itself.
  const inner = Array.isArray(config) ? config : isJson(config) ? PLACES.flatMap((place) => config[place] ?? []) : [];
  return [...(typeof name === 'string' ? [name] : []), ...inner.flatMap(classesOf)];
}

/** Where a layer's configuration holds layers. */
const PLACES = ['layers', 'layer', 'cell', 'cells', 'forward_layer', 'backward_layer'] as const;

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
