// The settings. After the installation (?first) only the server's address is asked for.
import { isUnencrypted, normalised, originsOf, Server } from "../api-client.js";
import * as browser from "../browser.js";
import { resolve, use } from "../messages.js";
import { button, h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { LANGUAGES } from "../shared/languages.js";
import { Problem, sentence } from "../shared/problem.js";
import { changeSettings, clearHistory, settings as storedSettings } from "../storage.js";

const isFirst = new URLSearchParams(location.search).has("first");
let settings;

async function start() {
  settings = await storedSettings();
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
      isFirst && h("p", {}, t("first.text")),
      serverForm(),
      !isFirst && [appearance(), history()],
    ),
  );
}

/** Address and keys; saved only when the server was allowed and answered, or the user says so. */
function serverForm() {
  const address = h("input", { id: "server", value: settings.server, required: true, inputmode: "url", spellcheck: "false" });
  const searchKey = h("input", { id: "search-key", type: "password", value: settings.searchKey, autocomplete: "off" });
  const adminKey = h("input", { id: "admin-key", type: "password", value: settings.adminKey, autocomplete: "off" });
  const said = h("p", { role: "status", id: "said" });
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

async function save(allowed, changes, said) {
  say(said, t("options.asking"));
  if (!(await allowed.catch(() => false))) {
    say(said, t("allow.refused"), true);
    return;
  }
  const before = settings.server;
  settings = { ...settings, ...changes };
  await changeSettings(changes);
  if (originsOf(before)[0] !== originsOf(settings.server)[0]) await browser.giveUpReaching(originsOf(before)).catch(() => {});
  try {
    const about = await Server.of(settings).about();
    const pictures = about.pictures ?? 0;
    const known = [t("options.found", { version: about.version }), about.pictures !== null && t("options.pictures", { count: pictures })];
    const may = { none: about.search_key_required ? t("error.key_required") : "", search: t("options.maySearch"), admin: t("options.mayAdd") };
    if (settings.adminKey && about.access !== "admin") throw new Problem("admin_only");
    say(said, [...known, may[about.access], isFirst && t("first.done")].filter(Boolean).join(" "));
  } catch (error) {
    say(said, `${t("options.savedBut")} ${sentence(error)}`, true);
  }
}

function say(said, text, isProblem = false) {
  said.className = isProblem ? "problem" : "";
  said.setAttribute("role", isProblem ? "alert" : "status");
  said.textContent = text;
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

async function change(changes) {
  settings = { ...settings, ...changes };
  await changeSettings(changes);
}

start();
