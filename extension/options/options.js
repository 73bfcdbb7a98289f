// The settings. After the installation (?first) only the server's address is asked for.
import { isUnencrypted, normalised, originsOf, Server } from "../api-client.js";
import * as browser from "../browser.js";
import { greet } from "../connection.js";
import { resolve, use } from "../messages.js";
import { button, h } from "../shared/dom.js";
import { has, t } from "../shared/i18n.js";
import { LANGUAGES } from "../shared/languages.js";
import { Problem, sentence } from "../shared/problem.js";
import { changeSettings, clearHistory, settings as storedSettings } from "../storage.js";
import { openServerButton } from "../ui/open-server.js";

const isFirst = new URLSearchParams(location.search).has("first");
let settings;
let isTemporary;
const typed = {}; // what was entered and is not saved yet, by the settings' names

async function start() {
  [settings, isTemporary] = await Promise.all([storedSettings(), browser.isTemporary()]);
  await use(settings.language);
  render();
}

function render() {
  document.title = `PicTrace · ${t(isFirst ? "first.heading" : "options.heading")}`;
  document.body.replaceChildren(
    h(
      "main",
      {},
      h("h1", {}, t(isFirst ? "first.heading" : "options.heading")),
      isTemporary && h("p", { class: "warning", id: "temporary" }, t("options.temporary")),
      isFirst && h("p", {}, t("first.text")),
      serverForm(),
      !isFirst && [appearance(), history()],
      privacy(),
    ),
  );
}

/** Address and keys; saved only when the server was allowed and answered, or the user says so. */
function serverForm() {
  const address = field("server", { id: "server", required: true, inputmode: "url", spellcheck: "false" });
  const searchKey = field("searchKey", { id: "search-key", type: "password", autocomplete: "off" });
  const adminKey = field("adminKey", { id: "admin-key", type: "password", autocomplete: "off" });
  const said = h("div", { role: "status", id: "said" });
  const hint = h("p", { class: "fine", id: "unencrypted" });
  const advise = () => {
    let isRisky = false;
    try {
      isRisky = isUnencrypted(normalised(address.value));
    } catch {
      // Said when it is saved.
    }
    hint.textContent = isRisky ? t("options.unencrypted") : "";
  };
  address.addEventListener("input", advise);
  advise();
  const submit = (event) => {
    event.preventDefault();
    let wanted;
    try {
      wanted = normalised(address.value);
    } catch (error) {
      say(said, sentence(error), true);
      return;
    }
    // In the click itself, before anything is awaited: the browser would refuse to ask later.
    const allowed = browser.askToReach(originsOf(wanted));
    address.value = wanted;
    save(allowed, { server: wanted, searchKey: searchKey.value.trim(), adminKey: adminKey.value.trim() }, said);
  };
  return h(
    "form",
    { class: "box", on: { submit } },
    !isFirst && h("h2", {}, t("options.server")),
    h("label", { for: "server" }, t("options.address")),
    address,
    hint,
    h("p", { class: "fine" }, t("options.permission")),
    !isFirst && [
      h("label", { for: "search-key" }, t("options.searchKey")),
      searchKey,
      h("label", { for: "admin-key" }, t("options.adminKey")),
      adminKey,
      h("p", { class: "fine" }, t("options.keys")),
    ],
    h("p", { class: "row" }, h("button", { type: "submit", class: "primary" }, t(isFirst ? "first.allow" : "options.save"))),
    said,
  );
}

/** An input for a setting; what is entered outlives a change of language. */
function field(name, attributes) {
  const input = h("input", { ...attributes, value: typed[name] ?? settings[name] });
  input.addEventListener("input", () => (typed[name] = input.value));
  return input;
}

/** What was entered is kept whatever the browser is told: a permission can be given later. */
async function save(allowed, changes, said) {
  say(said, t("options.asking"));
  const before = settings.server;
  await change(changes);
  for (const name of Object.keys(changes)) delete typed[name];
  const isAllowed = await allowed.catch(() => false);
  if (originsOf(before)[0] !== originsOf(settings.server)[0]) await browser.giveUpReaching(originsOf(before)).catch(() => {});
  if (!isAllowed) {
    say(said, `${t("options.savedBut")} ${t("allow.refused")}`, true);
    return;
  }
  try {
    const about = await greet(Server.of(settings));
    const pictures = about.pictures ?? 0;
    const known = [t("options.found", { version: about.version }), about.pictures !== null && t("options.pictures", { count: pictures })];
    const may = { none: about.search_key_required ? told("key_required") : "", search: t("options.maySearch"), admin: t("options.mayAdd") };
    if (settings.adminKey && about.access !== "admin") throw new Problem("admin_only");
    say(said, [...known, may[about.access], isFirst && t("first.done")].filter(Boolean).join(" "));
  } catch (error) {
    say(said, `${t("options.savedBut")} ${has(`here.${error.code}`) ? told(error.code) : sentence(error)}`, true);
    const open = openServerButton(error, () => browser.openAddress(settings.server));
    if (open) said.append(h("p", { class: "row" }, open));
  }
}

/** A sentence on keys. Elsewhere it sends people to the options; where keys are entered, they are there. */
const told = (code) => t(`${isFirst ? "error" : "here"}.${code}`);

function say(said, text, isProblem = false) {
  said.setAttribute("role", isProblem ? "alert" : "status");
  said.replaceChildren(h("p", { class: isProblem ? "problem" : null }, text));
}

function appearance() {
  const choose = (name, value, label) => {
    const input = h("input", { type: "radio", name, id: `${name}-${value}`, value, checked: settings[name] === value });
    input.addEventListener("change", () => change({ [name]: value }));
    return h("p", { class: "check" }, input, h("label", { for: `${name}-${value}` }, label));
  };
  const chosen = settings.language && resolve(settings.language);
  const languages = h(
    "select",
    { id: "language" },
    h("option", { value: "" }, t("options.ownLanguage")),
    Object.entries(LANGUAGES).map(([tag, name]) => h("option", { value: tag, lang: tag, selected: tag === chosen }, name)),
  );
  languages.addEventListener("change", async () => {
    await change({ language: languages.value });
    await use(languages.value);
    render();
    document.getElementById("language").focus();
  });
  return h(
    "section",
    { class: "box" },
    h("h2", {}, t("options.answers")),
    h("fieldset", {}, h("legend", { class: "unseen" }, t("options.answers")), choose("opens", "panel", t("options.panel")), choose("opens", "tab", t("options.tab"))),
    h("label", { for: "language" }, t("nav.language")),
    languages,
  );
}

function history() {
  const keeps = h("input", { type: "checkbox", id: "keeps-history", checked: settings.keepsHistory });
  const said = h("span", { role: "status" });
  keeps.addEventListener("change", async () => {
    await change({ keepsHistory: keeps.checked });
    if (!keeps.checked) await clearHistory();
  });
  const clear = async () => {
    await clearHistory();
    said.textContent = t("options.cleared");
  };
  return h(
    "section",
    { class: "box" },
    h("h2", {}, t("history.heading")),
    h("p", { class: "check" }, keeps, h("label", { for: "keeps-history" }, t("options.history"))),
    h("p", { class: "fine" }, t("options.historyText")),
    h("p", { class: "row" }, button(t("options.clear"), clear, { id: "clear" }), said),
  );
}

/** The store's page on privacy says the same. */
function privacy() {
  const sentences = ["server", "adding", "page", "sites", "kept", "nobody"].map((name) => h("li", {}, t(`privacy.${name}`)));
  return h("section", { class: "box", id: "privacy" }, h("h2", {}, t("privacy.heading")), h("ul", {}, sentences));
}

async function change(changes) {
  settings = { ...settings, ...changes };
  await changeSettings(changes);
}

start();
