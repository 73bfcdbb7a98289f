"""Lays a stored picture on a query and says whether the two can only be the same picture.

Everything here is synchronous and knows no library: a pair of pictures is all it needs. Each way to lay one on the
other gives a Proof, which may be a weak one, or None where there is nothing to lay it by. Ways that need the stored
picture's pixels get a function that reads its thumbnail, and call it only then; None where the file is gone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.domain import Edit, Keypoints, Pixels, Region
from engine.features import covers, detail, edit_words, hashes, orb, sift, ssim
from engine.features.geometry import Geometry, Matrix, Points, inverse, overlap
from engine.matching import scrutiny
from engine.matching.query_view import MIRROR, ORIENTATIONS, QueryPicture, View

# Wrong pairs stay below one or the other, those included that share a frame, a caption or a sticker (docs/adr/0002).
PROVED_STRUCTURE, PROVED_AGREEMENT, MAX_DISSENT = 0.5, 0.62, 0.2
# Smooth skies hold little but the noise of compression, which agrees with nothing: then the structure must be stronger.
STRONG_STRUCTURE, SMOOTH_AGREEMENT, SMOOTH_DISSENT = 0.75, 0.5, 0.12
# So many keypoints that agree on one transform are enough, where the structure does not speak against it: finely
# printed pages and pictures edited several times agree little. What shares a layout only passes, and fails in detail.
MANY_KEYPOINTS, SOME_STRUCTURE, SOME_DISSENT = 20, 0.35, 0.45
# What lies less well is looked at in detail where nothing else is proved; then it alone must say that it is a copy.
DOUBTFUL_STRUCTURE, DOUBTFUL_DISSENT, SURELY_COPY = 0.22, 0.5, 0.85
TOO_LITTLE = 0.8  # the probability that a proved pair is one picture, where it has too few pixels to tell
COPY_FROM = 0.5  # the probability from which a proved pair is one picture, and not two that share much
AGREES = 0.9  # correlation of all windows; copies under lines and stripes have less, though no part of them stands out
FILLED = 0.95  # of a picture, for it to be all that is there
SEEN = 0.01  # of the query: so much that differs was not only compressed
NEAR_HASH = 12  # bits; so near, the whole picture may be laid on the other without keypoints
FAR_HASH = 26  # the same for the few whose hashes are nearest, when nothing else is proved
FAR_COARSE = 0.25  # correlation of their coarse greys; no lined copy has less, and two thirds of the wrong pictures

Thumbnail = Callable[[], Pixels | None]


@dataclass(frozen=True, slots=True)
class Proof:
    """A stored picture laid on a query.

    `transform` (3, 3) maps shares of the whole query to shares of the picture; the points of `geometry` are shares of
    the whole query too.
    """

    transform: Matrix
    geometry: Geometry | None
    alignment: ssim.Alignment
    region: Region
    edits: tuple[Edit, ...] = ()
    p_copy: float | None = None  # by the comparison in detail; None where none was made
    differs: tuple[Region, ...] = ()  # regions of the whole query where it shows something else
    difference: float | None = None  # of the whole pictures, in grey levels; 0 where their pixels are equal
    agrees: bool = False  # in detail, everywhere: nothing lies over it
    seen: tuple[Edit, ...] = ()  # edits as thumbnails show them, which see less than what is compared in detail

    @property
    def keypoints(self) -> int:
        return self.geometry.inliers if self.geometry else 0

    @property
    def is_proved(self) -> bool:
        if is_proof(self.alignment):
            return True
        alignment, has_many = self.alignment, self.keypoints >= MANY_KEYPOINTS
        return has_many and alignment.structure >= SOME_STRUCTURE and alignment.dissent <= SOME_DISSENT

    @property
    def is_doubtful(self) -> bool:
        """Whether it is not proved, but lies so well that the detail might."""
        structure, dissent = self.alignment.structure, self.alignment.dissent
        return not self.is_proved and structure >= DOUBTFUL_STRUCTURE and dissent <= DOUBTFUL_DISSENT

    @property
    def is_copy(self) -> bool:
        """Whether it is proved and in detail nothing speaks against it, or else the detail proves it."""
        if self.is_proved:
            return self.p_copy is None or self.p_copy >= COPY_FROM
        return self.is_doubtful and self.p_copy is not None and self.p_copy >= SURELY_COPY


def is_proof(alignment: ssim.Alignment) -> bool:
    """Whether two greys that were laid on each other can only be of one picture."""
    structure, agreement, dissent = alignment.structure, alignment.agreement, alignment.dissent
    if structure >= STRONG_STRUCTURE and agreement >= SMOOTH_AGREEMENT and dissent <= SMOOTH_DISSENT:
        return True
    return structure >= PROVED_STRUCTURE and agreement >= PROVED_AGREEMENT and dissent <= MAX_DISSENT


def stronger(before: Proof | None, found: Proof | None) -> Proof | None:
    """The better of two proofs of one pair, with the keypoints of either."""
    if before is None or found is None:
        return before or found
    better, other = (found, before) if found.alignment.structure > before.alignment.structure else (before, found)
    # The keypoints count, however the picture was laid best.
    if other.geometry and (better.geometry is None or (other.is_proved and other.keypoints > better.keypoints)):
        better = replace(better, geometry=other.geometry)
    return better


def hash_distance(view: View, phash: int | None) -> tuple[int, int] | None:
    """How many bits apart a view and a picture are, and in which orientation; None where one has no hash."""
    if phash is None or not view.orientations:
        return None
    distances = [hashes.hamming(one, phash) for one in view.orientations]
    orientation = int(np.argmin(distances))
    return distances[orientation], orientation


def by_hash(view: View, distance: tuple[int, int] | None, thumbnail: Thumbnail) -> Proof | None:
    """The whole picture laid on a view whose hash is near, in the orientation in which it is."""
    if distance is None or distance[0] > NEAR_HASH:
        return None
    orientation = distance[1]
    return lay(view, ORIENTATIONS[orientation], None, thumbnail, mirrored=orientation >= 4)


def by_keypoints(view: View, keypoints: Keypoints, thumbnail: Thumbnail, *, mirrored: bool) -> Proof | None:
    """The picture laid where its keypoints are in the view, or in the view's mirror image."""
    geometry = orb.verify(view.mirrored_keypoints if mirrored else view.keypoints, keypoints)
    return _by_geometry(view, geometry, thumbnail, mirrored=mirrored)


def by_sift(view: View, keypoints: sift.SiftKeypoints, thumbnail: Thumbnail, *, mirrored: bool) -> Proof | None:
    """The same by keypoints that stand more, and cost more."""
    geometry = sift.verify(view.mirrored_sift_keypoints if mirrored else view.sift_keypoints, keypoints)
    return _by_geometry(view, geometry, thumbnail, mirrored=mirrored)


def under_lines(view: View, phash: int | None, thumbnail: Thumbnail) -> Proof | None:
    """The whole picture laid on a query with lines across it, if the rest of both agrees.

    Lines that two different pictures share bring their hashes near.
    """
    pixels = thumbnail()
    if phash is None or pixels is None or hashes.hamming(view.orientations[0], phash) > FAR_HASH:
        return None
    if float(view.query.coarse @ covers.coarse(pixels)) < FAR_COARSE:
        return None
    rest = ssim.align(view.query.without_lines, ssim.grey(covers.without_lines(pixels)), ORIENTATIONS[0])
    if not (rest and is_proof(rest)):
        return None
    return lay(view, ORIENTATIONS[0], None, thumbnail, mirrored=False, at_least=rest)


def lay(
    view: View,
    transform: Matrix,
    geometry: Geometry | None,
    thumbnail: Thumbnail,
    *,
    mirrored: bool,
    at_least: ssim.Alignment | None = None,
) -> Proof | None:
    """The picture laid on a view by a transform (3, 3) from the view's shares to the picture's; how well both agree.

    `at_least`: an alignment that proves the pair already, for where no better one is found.
    """
    pixels = thumbnail()
    if pixels is None:
        return None
    if geometry:
        geometry = replace(geometry, query_points=view.on_query(geometry.query_points, mirrored=mirrored))
    # The whole query is laid on it, not the region alone: a caption that two pictures share is no proof.
    transform = transform @ view.from_query()
    grey = ssim.grey(pixels)
    alignment = ssim.align(view.query.grey, grey, transform)
    if at_least and not (alignment and is_proof(alignment)):
        alignment = at_least
    if not (alignment and is_proof(alignment)) and view.query.uncovered:
        rest = ssim.align(view.query.uncovered.pixels, grey, transform, without=view.query.uncovered.covered)
        if rest and (alignment is None or is_proof(rest)):
            alignment = rest
    return Proof(transform, geometry, alignment, view.region) if alignment else None


def in_detail(proof: Proof, query: detail.Picture, stored: detail.Picture) -> Proof:
    """The same, looked at in detail; both of about a thousand pixels."""
    compared = detail.compare(query, stored, proof.transform)
    if compared is None:
        return replace(proof, p_copy=TOO_LITTLE)
    p_copy = scrutiny.shipped().p_copy(compared, proof.alignment)
    if proof.is_proved and not is_proof(proof.alignment):  # one picture that both hold has keypoints enough for that
        p_copy = min(p_copy, 1 - compared.measured.low)
    agrees = not compared.differs and compared.measured.correlation >= AGREES
    return replace(proof, p_copy=p_copy, differs=compared.differs, agrees=agrees)


def with_seen(proof: Proof, query: QueryPicture, thumbnail: Pixels, *, stored_aspect: float) -> Proof:
    """The same with the edits that are seen by a thumbnail, and how unlike it the query is now.

    `stored_aspect` is width / height.
    """
    seen = edit_words.name_edits(query.pixels, thumbnail, proof.transform, stored_aspect=stored_aspect)
    return replace(proof, seen=seen, difference=_difference(query.thumbnail, thumbnail))


def with_edits(proof: Proof) -> Proof:
    """The same with what was done to the picture: the edits that were seen, as far as the detail bears them out."""
    edits = proof.seen
    if proof.agrees:  # edges that lost their colours or their size look like something laid over them in a thumbnail
        edits = tuple(edit for edit in edits if edit is not Edit.OVERLAID) or (Edit.RECOMPRESSED,)
    elif edits == (Edit.RECOMPRESSED,) and sum(region.area for region in proof.differs) >= SEEN:
        edits = (Edit.OVERLAID,)  # for so much is seen to differ
    return replace(proof, edits=edits)


def edits_of_part(proof: Proof, part: Region) -> Proof:
    """The same with the edits of a whole long picture that was laid by a part; `part`: its region."""
    filled, shown = overlap(of_whole(proof, part).transform)
    dropped = {Edit.RECOMPRESSED}
    if filled >= FILLED:  # what is around the part in the query is around it in the picture
        dropped |= {Edit.INSIDE_LARGER, Edit.PADDED}
    first = (Edit.CROPPED,) if shown < FILLED else ()
    edits = (*first, *(one for one in proof.edits if one not in {*dropped, *first}))
    return replace(proof, edits=edits or (Edit.RECOMPRESSED,))


def of_whole(proof: Proof, part: Region) -> Proof:
    """The proof of a part of a long stored picture as one of the whole picture; `part`: its region."""
    return _stored_moved(proof, _from_region(part))


def within(proof: Proof, shown: Region) -> Proof:
    """The proof of a stored picture as one of a region of it."""
    return _stored_moved(proof, inverse(_from_region(shown)))


def of_whole_query(proof: Proof, part: Region) -> Proof:
    """The proof of a picture that was laid on a part of a long query as one of the whole query; `part`: its region."""
    edits: tuple[Edit, ...] = tuple(one for one in proof.edits if one not in (Edit.RECOMPRESSED, Edit.INSIDE_LARGER))
    if proof.edits:
        edits = (*edits, Edit.INSIDE_LARGER)
    return replace(around_query(proof, part), region=part, edits=edits)


def around_query(proof: Proof, part: Region) -> Proof:
    """The same, where the query is only a part of what is shown of it."""
    geometry, on_whole = proof.geometry, _from_region(part)
    if geometry:
        geometry = replace(geometry, query_points=_moved(geometry.query_points, on_whole))
    differs = tuple(one.of_whole(part) for one in proof.differs)
    transform = np.asarray(proof.transform @ inverse(on_whole), np.float64)
    return replace(proof, transform=transform, geometry=geometry, differs=differs)


def _stored_moved(proof: Proof, move: Matrix) -> Proof:
    """The same where shares of the stored picture are others."""
    geometry = proof.geometry
    if geometry:
        geometry = replace(geometry, stored_points=_moved(geometry.stored_points, move))
    return replace(proof, transform=np.asarray(move @ proof.transform, np.float64), geometry=geometry)


def _moved(points: Points, move: Matrix) -> Points:
    """Points by a transform that stretches and shifts."""
    return np.asarray(points * move.diagonal()[:2] + move[:2, 2], np.float32)


def share_of(found: Proof, region: Region) -> float:
    """The share of a region of the query that the stored picture lies on, as it is proved to."""
    return overlap(found.transform @ _from_region(region))[0]


def _from_region(region: Region) -> Matrix:
    """Shares of a region -> shares of the whole."""
    return np.array([[region.width, 0, region.x], [0, region.height, region.y], [0, 0, 1]], np.float64)


def _difference(one: Pixels, other: Pixels) -> float:
    """The mean difference of two pictures' pixels (H, W, 3) in grey levels, stretched to each other's size."""
    if one.shape != other.shape:
        one = np.asarray(cv2.resize(one, other.shape[1::-1], interpolation=cv2.INTER_AREA), np.uint8)
    return float(cv2.absdiff(one, other).mean())


def _by_geometry(view: View, geometry: Geometry | None, thumbnail: Thumbnail, *, mirrored: bool) -> Proof | None:
    if geometry is None:
        return None
    transform = geometry.transform @ MIRROR if mirrored else geometry.transform
    return lay(view, transform, geometry, thumbnail, mirrored=mirrored)
