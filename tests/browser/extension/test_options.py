"""The settings, and the page after the installation."""

from importlib.metadata import version
from pathlib import Path

from aiohttp import web
from playwright.async_api import Page, expect

from tests.browser.extension.conftest import ADMIN, HOME_PAGES, SERVER, Browse, Browsing
from tests.browser.extension.pretending import pretending, self_signed

HTTPS = "https://localhost/*"
VERSION = version("pictrace")


async def opened(someone: Browsing) -> Page:
    """The options, where the browser's question for a permission is answered with no."""
    options = await someone.context.new_page()
    await options.add_init_script("chrome.permissions.request = async () => false")
    await options.goto(f"{someone.root}options/options.html")
    return options


async def save(options: Page) -> None:
    await options.get_by_role("button", name="Save and test").click()


async def test_first_page_asks_for_the_address_only_and_tries_it(browse: Browse) -> None:
    async with browse() as someone:
        while not (found := [page for page in someone.context.pages if "options.html?first" in page.url]):
            await someone.context.wait_for_event("page")
        first = found[0]
        await expect(first.locator("h1")).to_have_text("Where is your PicTrace?")
        await expect(first.locator("input")).to_have_count(1)
        await first.get_by_label("Address").fill(f"{someone.server}/")
        await first.get_by_role("button", name="Allow and try").click()
        await expect(first.locator("#said")).to_have_text(
            f"PicTrace {VERSION} answers. 6 pictures in the library. Now right-click any picture."
        )
        assert (await someone.stored("local"))["settings"]["server"] == someone.server


async def test_default_address(browse: Browse) -> None:
    async with browse() as someone:
        await someone.worker.evaluate("chrome.storage.local.clear()")
        options = await someone.open("options/options.html")
        await expect(options.get_by_label("Address")).to_have_value("http://localhost:5000")


async def test_keys_are_tried(browse: Browse) -> None:
    async with browse(search_key="search-key-for-tests") as someone:
        options = await someone.open("options/options.html")
        said = options.locator("#said")
        save = options.get_by_role("button", name="Save and test")
        await save.click()
        await expect(said).to_contain_text(f"PicTrace {VERSION} answers. The server asks for a key.")
        await options.get_by_label("Search key").fill("wrong")
        await save.click()
        await expect(said).to_have_text("Saved, but: The key is not valid.")
        await options.get_by_label("Search key").fill("search-key-for-tests")
        await save.click()
        await expect(said).to_contain_text("6 pictures in the library. The search key is right.")
        await options.get_by_label("Admin key").fill(ADMIN)
        await save.click()
        await expect(said).to_contain_text("You may add pictures.")


async def test_wrong_addresses_are_told_apart(browse: Browse) -> None:
    async with browse(reach=(HTTPS,)) as someone, pretending() as other:
        other.about = lambda: web.Response(text="<h1>A router</h1>", content_type="text/html")
        options = await someone.open("options/options.html")
        for address, sentence in {
            "http://": "This is not an address.",
            "ftp://localhost": "This is not an address.",
            "http://user:pass@localhost:1": "This is not an address.",
            "http://localhost:9": "Saved, but: Nothing answers at http://localhost:9 on this computer.",
            "https://localhost:9": "Saved, but: No secure connection to https://localhost:9 came about.",
            other.url: f"Saved, but: There is a server at {other.url}, but it is not PicTrace.",
        }.items():
            await options.get_by_label("Address").fill(address)
            await options.get_by_role("button", name="Save and test").click()
            await expect(options.locator("#said")).to_contain_text(sentence)


async def test_certificate_of_its_own_is_accepted_in_a_tab(browse: Browse, tmp_path: Path) -> None:
    async with browse(reach=(HTTPS,)) as someone, pretending(self_signed(tmp_path)) as server:
        options = await someone.open("options/options.html")
        await options.get_by_label("Address").fill(server.url)
        await save(options)
        await expect(options.locator("#said")).to_contain_text("open its address in a tab once, accept the certificate")
        async with someone.context.expect_page() as shown:
            await options.get_by_role("button", name="Open the address in a tab").click()
        warning = await shown.value
        await warning.locator("#details-button").click()
        await warning.locator("#proceed-link").click()
        await warning.wait_for_url(f"{server.url}/")
        await options.bring_to_front()
        await save(options)
        await expect(options.locator("#said")).to_contain_text("PicTrace 9.9 answers.")


async def test_what_was_typed_outlives_a_refusal_and_another_language(browse: Browse) -> None:
    async with browse() as someone:
        options = await opened(someone)
        await options.get_by_label("Address").fill("nas.lan:5000")
        await options.get_by_label("Admin key").fill("typed")
        await options.get_by_label("Language").select_option("de")
        await expect(options.get_by_label("Adresse")).to_have_value("nas.lan:5000")
        await expect(options.get_by_label("Admin-Schlüssel")).to_have_value("typed")
        await options.get_by_label("Sprache").select_option("en")
        await save(options)
        refused = "Saved, but: Without this permission it cannot be done. You can still allow it."
        await expect(options.locator("#said")).to_have_text(refused)
        await options.reload()
        await expect(options.get_by_label("Address")).to_have_value("http://nas.lan:5000")
        await expect(options.get_by_label("Admin key")).to_have_value("typed")


async def test_privacy_is_told_and_an_unpacked_extension_is_not_called_temporary(browse: Browse) -> None:
    async with browse() as someone:
        options = await someone.open("options/options.html")
        await expect(options.locator("#privacy li")).to_have_count(6)
        await expect(options.locator("#privacy")).to_contain_text("to your own PicTrace server and to nobody else")
        await expect(options.locator("#temporary")).to_have_count(0)  # Chromium keeps it


async def test_unencrypted_address_is_warned_of(browse: Browse) -> None:
    async with browse() as someone:
        options = await someone.open("options/options.html")
        hint = options.locator("#unencrypted")
        await expect(hint).to_have_text("")
        await options.get_by_label("Address").fill("http://192.168.1.7:5000")
        await expect(hint).to_contain_text("is not encrypted")
        await options.get_by_label("Address").fill("https://pictures.example.org")
        await expect(hint).to_have_text("")


async def test_language_and_place_of_answers_are_chosen_at_once(browse: Browse) -> None:
    async with browse() as someone:
        options = await someone.open("options/options.html")
        await options.get_by_label("in the side panel").check()
        await options.get_by_label("Language").select_option("de")
        await expect(options.locator("h1")).to_have_text("Einstellungen")
        settings = (await someone.stored("local"))["settings"]
        assert (settings["opens"], settings["language"]) == ("panel", "de")


async def test_permissions_are_the_few_that_are_needed(browse: Browse) -> None:
    async with browse() as someone:
        manifest = await someone.worker.evaluate("chrome.runtime.getManifest()")
        assert manifest["permissions"] == ["contextMenus", "storage", "activeTab", "scripting", "sidePanel"]
        assert "content_scripts" not in manifest
        assert manifest["optional_host_permissions"] == ["http://*/*", "https://*/*"]
        assert manifest["host_permissions"] == [SERVER, HOME_PAGES]  # the tests' own: the real one has none
        policy = manifest["content_security_policy"]["extension_pages"]
        assert "default-src 'none'; script-src 'self'" in policy
        assert "unsafe" not in policy
