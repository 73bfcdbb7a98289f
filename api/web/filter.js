// What is to be seen of the library and in which order, as it stands in addresses and as the server is asked for it.

export const SORTS = ["added", "name", "size", "taken"];

/**
 * @typedef {{ words: string, tags: string[], sort: string, order: string }} Filter
 */

export function usualOrder(sort) {
  return sort === "name" ? "asc" : "desc";
}

/**
 * @param {URLSearchParams} wanted
 * @returns {Filter}
 */
export function filterOf(wanted) {
  const sort = SORTS.find((one) => one === wanted.get("sort")) ?? "added";
  const order = ["asc", "desc"].find((one) => one === wanted.get("order")) ?? usualOrder(sort);
  const tags = [...new Set(wanted.getAll("tag").filter(Boolean))];
  return { words: wanted.get("words") ?? "", tags, sort, order };
}

/**
 * Only what is not as usual, after what is given.
 * @param {Filter} filter
 * @param {Record<string, string>} before
 */
export function parametersOf({ words, tags, sort, order }, before = {}) {
  const parameters = new URLSearchParams(before);
  if (words) parameters.set("words", words);
  for (const tag of tags) parameters.append("tag", tag);
  if (sort !== "added") parameters.set("sort", sort);
  if (order !== usualOrder(sort)) parameters.set("order", order);
  return parameters;
}

/**
 * The address of the gallery, or with `image` of one picture's page.
 * @param {Filter} filter
 * @param {number | null} image
 */
export function addressOf(filter, image = null) {
  return `/?${parametersOf(filter, image === null ? { view: "library" } : { image: String(image) })}`;
}
