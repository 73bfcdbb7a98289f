"""The settings, and the page after the installation."""

from aiohttp import web
from playwright.async_api import expect

from tests.browser.extension.conftest import ADMIN, HOME_PAGES, SERVER, Browse
from tests.browser.extension.pretending import pretending


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
            "PicTrace 0.1.0 answers. 6 pictures in the library. Now right-click any picture."
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
        await expect(said).to_contain_text("PicTrace 0.1.0 answers. The server asks for a key.")
        await options.get_by_label("Search key").fill("wrong")
        await save.click()
        await expect(said).to_have_text("Saved, but: The key is not valid. Correct it in the options.")
        await options.get_by_label("Search key").fill("search-key-for-tests")
        await save.click()
        await expect(said).to_contain_text("6 pictures in the library. The search key is right.")
        await options.get_by_label("Admin key").fill(ADMIN)
        await save.click()
        await expect(said).to_contain_text("You may add pictures.")


async def test_wrong_addresses_are_told_apart(browse: Browse) -> None:
    async with browse() as someone, pretending() as other:
        other.about = lambda: web.Response(text="<h1>A router</h1>", content_type="text/html")
        options = await someone.open("options/options.html")
        for address, sentence in {
            "http://": "This is not an address.",
            "ftp://localhost": "This is not an address.",
            "http://user:pass@localhost:1": "This is not an address.",
            "http://localhost:9": "Saved, but: The server does not answer.",
            other.url: "Saved, but: Something else than PicTrace answers at this address.",
        }.items():
            await options.get_by_label("Address").fill(address)
            await options.get_by_role("button", name="Save and test").click()
            await expect(options.locator("#said")).to_contain_text(sentence)


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
