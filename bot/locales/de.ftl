## Das Menü und die Seite des Bots

command-find = Ein Bild suchen: als Antwort darauf oder mit einem Link
command-help = Was ich kann und wie Sie fragen
command-language = Die Sprache wählen
command-privacy = Was von Ihren Nachrichten gespeichert wird
command-forget = Alles löschen, was zu diesem Chat gespeichert ist
command-start = Loslegen
command-add = Bilder hinzufügen: unter Foto, Datei, Album oder Zip, als Antwort, mit Links
command-remove = Ein Bild entfernen: als Antwort oder mit seiner id
command-retitle = Einem Bild einen neuen Titel oder #Schlagwörter geben
command-undo = Ihr letztes Hinzufügen, Entfernen oder Bearbeiten rückgängig machen
command-stats = Die Bibliothek auf einen Blick
bot-description =
    Schicken Sie ein Bild, und Sie erhalten die fünf besten Treffer aus dieser Bibliothek: Auch Ausschnitte, Screenshots sowie gespiegelte und gedrehte Kopien werden gefunden. Sie sehen, wie sicher ich bin und warum.
bot-short-description = Schicken Sie ein Bild, und Sie erhalten die fünf besten Treffer aus dieser Bibliothek.

## Begrüßung und Hilfe

start =
    Schicken Sie mir ein Bild: Ich suche es in meiner Bibliothek und zeige die fünf besten Treffer, wie sicher ich bin und warum.
    Auch Ausschnitte, Screenshots sowie gespiegelte und gedrehte Kopien werden gefunden.
start-library =
    { $count ->
        [0] Die Bibliothek ist noch leer.
        [one] In der Bibliothek ist { $count } Bild.
       *[other] In der Bibliothek sind { $count } Bilder.
    }
start-admin = Sie sind Admin: Schicken Sie ein Bild mit der Bildunterschrift /add, um es hinzuzufügen. Mehr dazu: /help
start-no-admins = Dieser Bot hat noch keinen Admin. Gehört er Ihnen? Dann setzen Sie <code>PICTRACE_ADMIN_IDS={ $id }</code> und starten Sie ihn neu.
help =
    <b>So fragen Sie</b>
    Schicken Sie ein Foto, ein Bild als Datei, einen Sticker, ein GIF, ein Video (gesucht wird mit dem Vorschaubild) oder einen Link zu einem Bild; leiten Sie eines weiter oder schicken Sie ein Album.
    Antworten Sie auf ein Bild mit /find.
    In einer Gruppe erwähnen Sie mich in der Bildunterschrift oder antworten Sie auf ein Bild mit /find.

    <b>Mit der Bildunterschrift steuern</b>
    <code>dasselbe</code>: nur genau dasselbe Bild. <code>3</code>: so viele Treffer, höchstens 10.

    <b>Unter der Antwort</b>
    ❓ warum ein Bild passt, 🔗 woher es stammt, ✅ ❌ ob ich richtigliege.

    /language wählt die Sprache, /privacy sagt, was gespeichert wird, /forget löscht es.
help-admin =
    <b>Für Admins</b>
    /add als Bildunterschrift zu Foto, Datei, Album oder Archiv (zip, tar, 7z), als Antwort auf ein Bild oder mit Links. Ein Titel und #Schlagwörter können folgen: <code>/add Hafen bei Nacht #hamburg #2024</code>. Als Datei geschickt, behalten Bilder ihre volle Qualität.
    /remove als Antwort auf ein Bild oder mit ids: <code>/remove 17</code>
    /retitle als Antwort oder mit einer id: <code>/retitle 17 Neuer Titel #schlagwort</code>
    /undo macht Ihr letztes Hinzufügen, Entfernen oder Bearbeiten als Ganzes rückgängig. /stats zeigt die Bibliothek auf einen Blick.
hint = Schicken Sie mir ein Bild oder einen Link dazu, und ich suche es in meiner Bibliothek. Mehr dazu: /help
hint-group = Erwähnen Sie mich in der Bildunterschrift oder antworten Sie auf ein Bild mit /find.
group-hello = Hallo! Antworten Sie auf ein Bild mit /find oder erwähnen Sie { $name } in der Bildunterschrift, und ich suche es in meiner Bibliothek.
waits = Ist angekommen. Ich beantworte ein Bild nach dem anderen; dieses kommt noch an die Reihe.

## Wörter in einer Bildunterschrift, die bedeuten: nur genau dasselbe Bild (durch Leerzeichen getrennt, klein geschrieben)

words-same = dasselbe nur

## Treffer

caption = <b>{ $place }</b> · { $title }
    { $score }
caption-id = id { $id }
score-identical = Dieselbe Datei
score-certainly_same = Sicher dasselbe
score-almost_certainly_same = Fast sicher dasselbe
score-probably_same = Wahrscheinlich dasselbe
score-variant = Eine andere Version
score-very_alike = Sehr ähnlich
score-alike = Ähnlich
score-weak = Kaum ähnlich
found-same =
    { $count ->
        [one] <b>Dieses Bild ist in der Bibliothek.</b>
       *[other] <b>Dieses Bild ist in der Bibliothek, und zwar { $count }-mal.</b>
    }
found-variant =
    { $count ->
        [one] <b>Genau dieses Bild ist nicht in der Bibliothek</b>, aber eine andere Version davon.
       *[other] <b>Genau dieses Bild ist nicht in der Bibliothek</b>, aber { $count } andere Versionen davon.
    }
found-alike = <b>Genau dieses Bild ist nicht in der Bibliothek</b>, aber diese sehen ähnlich aus.
found-weak-only = <b>Nichts Ähnliches in der Bibliothek.</b> Diese Bilder kommen am nächsten, sind aber kaum ähnlich.
found-line = <b>{ $place }</b> · { $title } — { $score }
found-more =
    { $count ->
        [one] Nummer { $first }.
       *[other] Nummern { $first } bis { $last }.
    }
found-buttons = ❓ zeigt, warum.
score-percent = { $words }, { $percent }
list-separator = { ", " }
uncalibrated = Die Bewertungen dieser Bibliothek sind noch nicht kalibriert und werden daher nur in Worten angezeigt.
from-page = Das ist das Vorschaubild der Webseite.
nothing =
    { $count ->
        [one] Nichts Ähnliches in der Bibliothek: Das einzige Bild darin kommt dem gesuchten nicht nahe.
       *[other] Nichts Ähnliches in der Bibliothek: Keines der { $count } Bilder kommt dem gesuchten nahe.
    }
nothing-same =
    { $count ->
        [one] In der Bibliothek ist nur ein einziges Bild, und es ist nicht dieses.
       *[other] Genau dieses Bild ist nicht unter den { $count } Bildern der Bibliothek.
    }
nothing-empty = Die Bibliothek ist leer: Es gibt noch nichts zu finden.
nothing-short = nichts Ähnliches
no-more = Das war alles: Mehr Bilder gibt es nicht zu zeigen.

## Mehrere Bilder auf einmal

album-title =
    { $count ->
        [one] <b>{ $count } Bild</b>
       *[other] <b>{ $count } Bilder</b>
    }
album-line = <b>{ $place }.</b> { $text }
album-best = { $title } ({ $score })
album-caption = Ihr Bild { $place } →
album-open = Eine Nummer zeigt die ganze Antwort zu diesem Bild.
album-others =
    { $count ->
        [one] { $count } weiteres Stück war kein Bild, das ich ansehen könnte.
       *[other] { $count } weitere Stücke waren keine Bilder, die ich ansehen könnte.
    }

## Schaltflächen (kurz)

button-right = Richtig
button-wrong = Falsch
button-more = Mehr
button-nearest = Ähnlichste trotzdem zeigen
button-tell = Melden, sobald es da ist
button-cancel = Doch nicht melden
button-undo = Rückgängig
button-keep = { $better } behalten, { $lesser } entfernen
button-remove = { $id } entfernen
button-telegrams-language = Wie in Telegram

## Warum

why-title = { $title }
why-exact = Dieselbe Datei, Byte für Byte.
why-edits = So wurde es verändert: { $edits }.
why-keypoints =
    { $count ->
        [one] { $count } Punkt stimmt überein.
       *[other] { $count } Punkte stimmen überein.
    }
why-whole = Die Bilder stimmen im Ganzen überein.
why-variant = Beide zeigen dieselbe Szene oder Vorlage, aber mit anderem Inhalt: eine andere Version, nicht dasselbe Bild.
why-differs =
    { $count ->
        [one] { $count } markierter Bereich unterscheidet sich.
       *[other] { $count } markierte Bereiche unterscheiden sich.
    }
why-alike = Kein Teil des einen wurde im anderen gefunden; sie sehen sich nur ähnlich.
edit-mirrored = gespiegelt
edit-rotated = gedreht
edit-cropped = zugeschnitten
edit-inside_larger = in ein größeres Bild eingefügt
edit-padded = mit Rand versehen
edit-recoloured = farblich verändert
edit-grayscale = in Graustufen umgewandelt
edit-blurred = weichgezeichnet
edit-overlaid = mit etwas überlagert
edit-stretched = gestreckt
edit-recompressed = neu gespeichert

## Richtig oder falsch

which-right = Welches ist richtig?
which-wrong = Welches ist falsch?
judged-right = Danke, ist vermerkt.
judged-wrong = Vermerkt: Dieses Paar zeige ich in diesem Chat nicht mehr. Versehentlich gedrückt? Dann tippen Sie auf „Richtig“.
not-yours = Diese Schaltflächen sind für die Person, die gefragt hat.
asked-gone = Das Bild, um das es hier ging, habe ich nicht mehr. Bitte schicken Sie es noch einmal.

## Melden, sobald es da ist

told-later = Sobald dieses Bild in der Bibliothek ist, melde ich das einmal in diesem Chat.
told-no-more = In Ordnung, ich melde mich dazu nicht.
appeared = <b>Jetzt ist es da:</b> { $title }
    { $score }
too-many-watches = Dieser Chat wartet schon auf { $count } Bilder. Brechen Sie eines ab oder löschen Sie alles mit /forget.

## Sprache, Datenschutz

language-which = Welche Sprache soll ich hier sprechen?
language-set = Ab jetzt spreche ich hier { $name }.
language-telegrams = Ich richte mich wieder nach der Sprache Ihres Telegram: { $name }.
privacy =
    <b>Was Sie schicken, wird nicht gespeichert.</b> Ein Bild wird angesehen und vergessen; ebenso, was Sie schreiben.

    Nur wenn Sie es wünschen, bleibt etwas:
    ✅ ❌ „Richtig“ und „Falsch“ speichern einen Fingerabdruck Ihres Bildes (Zahlen, aus denen es sich nicht wiederherstellen lässt) und welcher Treffer gemeint war.
    🔔 „Melden, sobald es da ist“ speichert einen Fingerabdruck und Telegrams Bezeichnung für Ihr Bild, bis ich es gemeldet habe oder Sie abbrechen.
    Auch die für einen Chat gewählte Sprache wird gespeichert.

    /forget löscht das alles. Dasselbe geschieht, wenn Sie mich blockieren oder aus einer Gruppe entfernen.
forgotten = Gelöscht: { $verdicts ->
        [one] { $verdicts } Urteil
       *[other] { $verdicts } Urteile
    }, { $watches ->
        [one] { $watches } erwartetes Bild
       *[other] { $watches } erwartete Bilder
    } und die gewählte Sprache.
forgotten-nothing = Zu diesem Chat war nichts gespeichert, höchstens die gewählte Sprache; auch sie ist nun gelöscht.
group-admins-only = In einer Gruppe können das nur ihre Admins.

## Admins

admins-only = Das können leider nur die Admins dieser Bibliothek. Die Suche steht Ihnen offen: Schicken Sie mir ein Bild.
adding = Wird hinzugefügt: { $done } von { $total } …
count-added =
    { $count ->
        [one] { $count } Bild hinzugefügt
       *[other] { $count } Bilder hinzugefügt
    }
count-near =
    { $count ->
        [one] davon { $count } fast identisch mit einem anderen
       *[other] davon { $count } fast identisch mit anderen
    }
count-duplicate = { $count } schon vorhanden
count-rejected = { $count } nicht hinzugefügt
count-nothing = Es war kein Bild zum Hinzufügen dabei.
added = ✅ { $name }: hinzugefügt, id { $id }
added-before = Es war schon einmal entfernt worden ({ $at }) und ist wieder da.
added-unshown =
    { $count ->
        [one] { $count } weiteres Bild, das schon oder fast schon vorhanden war, wird nicht gezeigt.
       *[other] { $count } weitere Bilder, die schon oder fast schon vorhanden waren, werden nicht gezeigt.
    }
added-unkept =
    { $count ->
        [one] { $count } weiteres, das fast dasselbe wie ein anderes ist, hat hier keine Schaltfläche; /remove mit der id entfernt es.
       *[other] { $count } weitere, die fast dasselbe wie andere sind, haben hier keine Schaltfläche; /remove mit den ids entfernt sie.
    }
added-passed-over =
    { $count ->
        [one] { $count } andere Datei wurde übergangen: Sie ist kein Bild, das ich lesen könnte.
       *[other] { $count } andere Dateien wurden übergangen: Sie sind keine Bilder, die ich lesen könnte.
    }
added-duplicate = 🟰 { $name }: schon vorhanden, id { $id }, „{ $title }“
added-near = ✅ { $name }: hinzugefügt, id { $id } ({ $size }); fast dasselbe wie id { $other } ({ $othersize }), „{ $title }“
added-rejected = ⛔ { $name }:
added-rest = … und { $count } weitere; alle stehen in der Datei unten.
shown-duplicate = Schon vorhanden: id { $id } · { $title }
shown-near = Fast dasselbe: id { $id } · { $title }
add-how = Schicken Sie Bilder mit der Bildunterschrift /add, antworten Sie auf eines mit /add oder schreiben Sie /add und Links. Ein Titel und #Schlagwörter können folgen.
remove-how = Antworten Sie auf ein Bild mit /remove oder schreiben Sie die ids: /remove 17
remove-too-many =
    { $count ->
        [one] Auf einmal lässt sich höchstens { $count } Bild entfernen.
       *[other] Auf einmal lassen sich höchstens { $count } Bilder entfernen.
    }
remove-this = Ist das das Bild, das entfernt werden soll?
removed = Entfernt: id { $id } · { $title }
retitle-how = Antworten Sie auf ein Bild mit /retitle und dem neuen Titel oder #Schlagwörtern, oder schreiben Sie zuerst die id: /retitle 17 Neuer Titel #schlagwort
retitled = id { $id }: { $title } { $tags }
kept = { $better } behalten, { $lesser } entfernt.
done-already = Das ist erledigt.
not-in-library = Dieses Bild ist nicht in der Bibliothek.
undone-add =
    { $count ->
        [one] Rückgängig gemacht: Hinzufügen von { $count } Bild ({ $at }).
       *[other] Rückgängig gemacht: Hinzufügen von { $count } Bildern ({ $at }).
    }
undone-remove =
    { $count ->
        [one] Rückgängig gemacht: Entfernen von { $count } Bild ({ $at }).
       *[other] Rückgängig gemacht: Entfernen von { $count } Bildern ({ $at }).
    }
undone-edit =
    { $count ->
        [one] Rückgängig gemacht: Bearbeiten von { $count } Bild ({ $at }).
       *[other] Rückgängig gemacht: Bearbeiten von { $count } Bildern ({ $at }).
    }
undone-repair =
    { $count ->
        [one] Rückgängig gemacht: die Reparatur, die { $count } Bild herausnahm ({ $at }).
       *[other] Rückgängig gemacht: die Reparatur, die { $count } Bilder herausnahm ({ $at }).
    }
undone-decision =
    { $count ->
        [one] Rückgängig gemacht: die Entscheidung über Beinahe-Duplikate, { $count } Bild ({ $at }).
       *[other] Rückgängig gemacht: die Entscheidung über Beinahe-Duplikate, { $count } Bilder ({ $at }).
    }
stats-pictures =
    { $count ->
        [one] <b>{ $count } Bild</b>
       *[other] <b>{ $count } Bilder</b>
    }
stats-removed =
    { $count ->
        [one] { $count } entfernt, kann noch zurückgeholt werden
       *[other] { $count } entfernt, können noch zurückgeholt werden
    }
stats-disk = { $megabytes } MB auf der Festplatte
stats-network = Netz { $name }, { $calibrated ->
        [yes] Bewertungen kalibriert
       *[no] Bewertungen nicht kalibriert
    }
stats-verdicts = Als richtig markierte Treffer: { $right }, als falsch: { $wrong }
stats-watches =
    { $count ->
        [one] { $count } erwartetes Bild
       *[other] { $count } erwartete Bilder
    }

## Was schiefging

reference = Referenz: { $reference }
find-how = Antworten Sie auf ein Bild mit /find, schicken Sie eines mit der Bildunterschrift /find oder schreiben Sie /find und einen Link.
not-a-picture = Diese Datei ist kein Bild. Möglich sind JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF und HEIC.
animated-sticker = Animierte Sticker sind für mich keine Bilder. Schicken Sie bitte einen unbewegten oder ein Foto.
no-preview = Dazu gibt es kein Vorschaubild, das ich ansehen könnte. Schicken Sie bitte ein Standbild daraus.
no-photos-here = Ich darf hier schreiben, aber keine Bilder senden. Ein Administrator der Gruppe kann es erlauben.
error-file-gone = Telegram gibt mir diese Datei nicht mehr. Bitte schicken Sie sie noch einmal.
error-telegram_failed = Telegram hat die Datei nicht herausgegeben. Bitte versuchen Sie es gleich noch einmal.
error-server = Bei mir ist etwas schiefgegangen. Wer mich betreibt, findet es im Protokoll.
error-file_too_large = Die Datei ist zu groß; höchstens { $limit } MB sind erlaubt.
error-empty_file = Die Datei ist leer.
error-unreadable_file = Die Datei dieses Bildes ist bei mir verloren gegangen.
error-not_an_image = Das ist kein lesbares Bild. Falls es ein Link zu einer Webseite ist, öffnen Sie das Bild selbst und kopieren Sie seine Adresse.
error-unsupported_format = Dieser Dateityp wird nicht angenommen; möglich sind JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000, JPEG XL und Rohdaten von Kameras.
error-too_many_pixels = Das Bild hat zu viele Pixel; von einem JPEG sind höchstens { $most } Megapixel erlaubt, von anderen Arten höchstens { $megapixels } oder weniger.
warning-cut_short = Die Datei bricht ab: Das Ende des Bildes oder seine feinsten Einzelheiten fehlen.
error-too_costly = Dieses Bild zu öffnen würde zu viel Speicher oder Zeit kosten.
error-damaged_image = Das Bild ist beschädigt oder unvollständig.
error-bad_archive = Dieses Archiv lässt sich nicht lesen.
error-archive_too_large = Dieses Archiv enthält zu viel.
error-invalid_url = Das ist kein Link.
error-url_refused = Von dieser Adresse darf ich nichts abrufen: Nur öffentliche http- und https-Links sind erlaubt.
error-too_many_redirects = Der Link führt immer weiter zu anderen Adressen.
error-fetch_timeout = Der andere Server hat zu lange gebraucht. Speichern Sie das Bild und schicken Sie es mir.
error-fetch_denied = Der andere Server gibt das Bild nicht an andere heraus. Speichern Sie es und schicken Sie es mir.
error-fetch_failed = Der andere Server hat das Bild nicht geliefert. Speichern Sie es und schicken Sie es mir.
error-unknown_image = Dieses Bild ist nicht mehr in der Bibliothek.
error-not_duplicates = Diese beiden gelten nicht mehr als fast gleich. Es wurde nichts entfernt.
error-unknown_operation = Das lässt sich nicht mehr rückgängig machen.
error-nothing_to_undo = Es gibt nichts rückgängig zu machen, oder es ist schon geschehen.
error-library_busy = Die Bibliothek ist gerade belegt. Bitte versuchen Sie es gleich noch einmal.
error-files_unreachable = Der Speicher mit den Bilddateien ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.
error-library_damaged = Die Bibliothek ist beschädigt. Wer mich betreibt, findet mehr im Protokoll.
error-database_unreachable = Die Datenbank der Bibliothek ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.
error-index_unreachable = Der Server, der den Index der Bibliothek hält, ist gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.
error-database_refused = Die Datenbank der Bibliothek lässt mich nicht zu. Wer mich betreibt, findet mehr im Protokoll.
error-disk_full = Die Festplatte meines Rechners ist voll. Wer mich betreibt, muss Platz schaffen.
error-data_dir_not_writable = In meinen Datenordner lässt sich nicht schreiben. Wer mich betreibt, findet mehr im Protokoll.
