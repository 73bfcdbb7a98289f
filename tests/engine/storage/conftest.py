"""What tests of storage share."""

from tests.rows import blank, elsewhere, new_repository, repository, url

__all__ = ["blank", "elsewhere", "new_repository", "repository", "url"]
