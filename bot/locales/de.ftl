## Das Menü und die Seite des Bots

command-find = Ein Bild suchen: als Antwort darauf oder mit einem Link
command-scope = Nur unter Bildern mit einem #Schlagwort suchen oder wieder unter allen
command-reposts = Sagen, wenn ein Bild in dieser Gruppe schon einmal gepostet wurde
command-help = Was ich kann und wie Sie fragen
command-language = Die Sprache wählen
command-privacy = Was von Ihren Nachrichten gespeichert wird
command-forget = Alles löschen, was zu diesem Chat gespeichert ist
command-start = Loslegen
command-add = Bilder hinzufügen: unter Foto, Datei, Album oder Zip, als Antwort, mit Links
command-remove = Ein Bild entfernen: als Antwort oder mit seiner id
command-retitle = Einem Bild einen neuen Titel oder #Schlagwörter geben
command-undo = Ihr letztes Hinzufügen, Entfernen oder Bearbeiten rückgängig machen
command-history = Die letzten Änderungen der Bibliothek, jede lässt sich rückgängig machen
command-adder = Jemanden Bilder hinzufügen lassen: als Antwort oder mit der id
command-adders = Wer Bilder hinzufügen darf
command-notify = Erfahren, was andere hinzufügen, oder nicht
command-stats = Die Bibliothek auf einen Blick
bot-description = Schicken Sie ein Bild, und Sie erfahren, ob es in dieser Bibliothek ist: Auch Ausschnitte, Screenshots sowie gespiegelte und gedrehte Kopien werden gefunden. Sie sehen, wie sicher ich bin und warum.
bot-short-description = Schicken Sie ein Bild, und Sie erfahren, ob es in dieser Bibliothek ist.

## Begrüßung und Hilfe

start =
    Schicken Sie mir ein Bild: Ich suche es in meiner Bibliothek und zeige, was passt, wie sicher ich bin und warum.
    Auch Ausschnitte, Screenshots sowie gespiegelte und gedrehte Kopien werden gefunden.
start-library =
    { $count ->
        [0] Die Bibliothek ist noch leer.
        [one] In der Bibliothek ist { $count } Bild.
       *[other] In der Bibliothek sind { $count } Bilder.
    }
start-guest = Auch in jedem anderen Chat: Erwähnen Sie { $name } unter einem Bild oder in einer Antwort darauf.
start-guest-closed = Damit man mich auch in Chats fragen kann, in denen ich kein Mitglied bin, schalten Sie bei @BotFather in meinen Einstellungen „Guest Mode“ ein.
start-adder = Sie dürfen Bilder hinzufügen: Schicken Sie eines mit der Bildunterschrift /add. Mehr dazu: /help
start-admin = Sie sind Admin: Schicken Sie ein Bild mit der Bildunterschrift /add, um es hinzuzufügen. Mehr dazu: /help
start-no-admins = Dieser Bot hat noch keinen Admin. Gehört er Ihnen? Dann setzen Sie <code>PICTRACE_ADMIN_IDS={ $id }</code> und starten Sie ihn neu.
help =
    <b>So fragen Sie</b>
    Schicken Sie ein Foto, ein Bild als Datei, einen Sticker, ein GIF, ein Video oder einen Link zu einem Bild oder einer Seite mit einem; leiten Sie eines weiter oder schicken Sie ein Album. Bei Bewegtem sehe ich das Vorschaubild und mehrere Einzelbilder an.
    Antworten Sie auf ein Bild mit /find.
    In einer Gruppe erwähnen Sie mich in der Bildunterschrift oder antworten Sie auf ein Bild mit /find.

    <b>Mit der Bildunterschrift steuern</b>
    <code>dasselbe</code>: nur genau dasselbe Bild. <code>3</code>: so viele Treffer, höchstens 10. <code>#comics</code>: nur unter Bildern mit diesem Schlagwort; /scope stellt das für den ganzen Chat ein.

    <b>Unter der Antwort</b>
    ❓ warum ein Bild passt, 💾 seine Datei, 🔗 woher es stammt, ✅ ❌ ob ich richtigliege.

    /language wählt die Sprache, /privacy sagt, was gespeichert wird, /forget löscht es. In einer Gruppe sage ich nach /reposts on, wenn ein Bild dort schon einmal gepostet wurde.
help-adder =
    <b>Für alle, die hinzufügen dürfen</b>
    /add als Bildunterschrift zu Foto, Datei, Album oder Archiv (zip, tar, 7z), als Antwort auf ein Bild oder mit Links. Ein Titel und #Schlagwörter können folgen: <code>/add Hafen bei Nacht #hamburg #2024</code>. Als Datei geschickt, behalten Bilder ihre volle Qualität.
    /undo macht Ihr letztes Hinzufügen als Ganzes rückgängig.
help-admin =
    <b>Für Admins</b>
    /remove als Antwort auf ein Bild oder mit ids: <code>/remove 17</code>
    /retitle als Antwort oder mit einer id: <code>/retitle 17 Neuer Titel #schlagwort</code>
    /history zeigt die letzten Änderungen, jede lässt sich rückgängig machen. /stats zeigt die Bibliothek auf einen Blick.
    /adder als Antwort auf jemanden oder mit dessen id lässt ihn hinzufügen und Eigenes rückgängig machen; /adders listet alle auf. Nach /notify on erfährt dieser Chat, was andere hinzufügen.
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
        [one] <b>Eine andere Version dieses Bildes ist in der Bibliothek.</b> Dass genau dieses darin ist, ließ sich nicht nachweisen.
       *[other] <b>{ $count } andere Versionen dieses Bildes sind in der Bibliothek.</b> Dass genau dieses darin ist, ließ sich nicht nachweisen.
    }
found-alike = <b>Dass dieses Bild in der Bibliothek ist, ließ sich nicht nachweisen.</b> Diese sehen ähnlich aus.
found-weak-only = <b>Nichts Ähnliches in der Bibliothek.</b> Diese Bilder kommen am nächsten, sind aber kaum ähnlich.
found-among = Nur unter { $tags }
found-line = <b>{ $place }</b> · { $title } — { $score }
found-more =
    { $count ->
        [one] Nummer { $first }.
       *[other] Nummern { $first } bis { $last }.
    }
found-buttons = ❓ zeigt, warum; 💾 schickt die Datei.
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
nothing-same-near = Dass genau dieses Bild in der Bibliothek ist, ließ sich nicht nachweisen. Etwas kommt ihm nahe: Ohne „dasselbe“ wird es gezeigt.
nothing-empty = Die Bibliothek ist leer: Es gibt noch nichts zu finden.
nothing-among =
    { $count ->
        [one] Dort ist nichts Ähnliches: Das einzige Bild kommt dem gesuchten nicht nahe.
       *[other] Dort ist nichts Ähnliches: Keines der { $count } Bilder kommt dem gesuchten nahe.
    }
nothing-tagged = In der Bibliothek gibt es kein Bild mit { $tags }.
no-more = Das war alles: Mehr Bilder gibt es nicht zu zeigen.

## Mehrere Bilder auf einmal

album-others =
    { $count ->
        [one] { $count } weiteres Stück war kein Bild, das ich ansehen könnte.
       *[other] { $count } weitere Stücke waren keine Bilder, die ich ansehen könnte.
    }
part-of = <b>Bild { $place } von { $count }</b>

## Schaltflächen (kurz)

button-right = Richtig
button-wrong = Falsch
button-more = Mehr
button-nearest = Ähnlichste trotzdem zeigen
button-tell = Melden, sobald es da ist
button-cancel = Doch nicht melden
button-undo = Rückgängig
button-everything = Wieder alle Bilder
button-forbid = ✖ { $name }
button-ask = Mehr erfahren
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
original-too-large = Die Datei dieses Bildes ist zu groß, um hier geschickt zu werden: Höchstens { $limit } MB sind möglich.

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
    <b>Was Sie schicken, wird nicht gespeichert.</b> Ein Bild wird angesehen und vergessen; ebenso, was Sie schreiben. Es wartet bei mir nur, bis es beantwortet ist.

    Nur wenn Sie es wünschen, bleibt etwas:
    ✅ ❌ „Richtig“ und „Falsch“ speichern einen Fingerabdruck Ihres Bildes (Zahlen, aus denen es sich nicht wiederherstellen lässt) und welcher Treffer gemeint war.
    🔔 „Melden, sobald es da ist“ speichert einen Fingerabdruck und Telegrams Bezeichnung für Ihr Bild, bis ich es gemeldet habe oder Sie abbrechen.
    💬 Was für einen Chat gewählt ist, wird gespeichert: die Sprache, die Schlagwörter von /scope, ob /notify und /reposts eingeschaltet sind.
    🔁 Solange /reposts in einer Gruppe eingeschaltet ist, wird von jedem dort geposteten Bild { $days } Tage lang gespeichert: ein Fingerabdruck, Nummer und Zeit der Nachricht und Telegrams Bezeichnung für die Datei. Keine Datei, kein Text, kein Name; getrennt von der Bibliothek.
    ➕ Von allen, die hinzufügen dürfen, werden id und Name gespeichert, bis ein Admin das zurücknimmt; zu jedem Hinzufügen ist vermerkt, von wem es stammt.

    Werde ich in einem anderen Chat als Gast gefragt, speichere ich davon nichts; nur wenn eine Antwort abbricht, wartet die Frage höchstens zwei Tage lang auf einen Druck auf ihr 🔄. Welche Nachrichten ein /add waren, ist zwei Tage lang bekannt.

    /forget löscht, was zu diesem Chat gespeichert ist. Dasselbe geschieht, wenn Sie mich blockieren oder aus einer Gruppe entfernen.
forgotten = Gelöscht: { $verdicts ->
        [one] { $verdicts } Urteil
       *[other] { $verdicts } Urteile
    }, { $watches ->
        [one] { $watches } erwartetes Bild
       *[other] { $watches } erwartete Bilder
    } und was für ihn gewählt war.
forgotten-nothing = Zu diesem Chat war nichts gespeichert, höchstens, was für ihn gewählt war; auch das ist nun gelöscht.
forgotten-posted =
    { $count ->
        [one] Dazu, was von { $count } hier geposteten Bild gespeichert war.
       *[other] Dazu, was von { $count } hier geposteten Bildern gespeichert war.
    }
group-admins-only = In einer Gruppe können das nur ihre Admins.
scope-all = Hier suche ich unter allen Bildern. Nach <code>/scope #comics</code> suche ich nur unter denen mit diesem Schlagwort.
scope-tags = Hier suche ich nur unter Bildern mit { $tags }, und was hier hinzugefügt wird, bekommt diese Schlagwörter. <code>/scope off</code> beendet das.
scope-new = { $tags } hat noch kein Bild.
reposts-on = Ab jetzt sage ich es, wenn ein Bild in den letzten { $days } Tagen schon einmal in dieser Gruppe gepostet wurde. /privacy sagt, was dafür gespeichert wird; <code>/reposts off</code> beendet es und löscht das.
reposts-off = In dieser Gruppe sage ich nicht, ob ein Bild schon einmal gepostet wurde. <code>/reposts on</code> schaltet das ein.
reposts-blind = Noch sehe ich nicht alle Nachrichten dieser Gruppe: Machen Sie mich hier zum Administrator, oder wer mich betreibt, schaltet meinen Privatsphäre-Modus ab (@BotFather, „Group Privacy“).
reposts-in-groups = /reposts ist für Gruppen: Schreiben Sie es in einer.
repost-linked = Das wurde hier schon einmal gepostet: <a href="{ $url }">{ $at }</a>
repost-unlinked = Das wurde hier schon einmal gepostet: { $at }
guest-looking = 🔍 Ich suche danach …
guest-how = Erwähnen Sie mich unter einem Bild oder in einer Antwort darauf, und ich suche es in meiner Bibliothek.
guest-too-many = Das war zu viel auf einmal: Fragen Sie in einer Minute noch einmal.
inline-stranger = Schreiben Sie mir zuerst
inline-nothing = Kein Bild hat diese Wörter

## Admins

admins-only = Das können leider nur die Admins dieser Bibliothek. Die Suche steht Ihnen offen: Schicken Sie mir ein Bild.
adders-only = Das können leider nur die Admins dieser Bibliothek und wem sie es erlauben. Die Suche steht Ihnen offen: Schicken Sie mir ein Bild.
adder-how = Antworten Sie auf eine Nachricht von jemandem mit /adder, oder schreiben Sie die id: /adder 123456
adder-is-admin = { $name } ist schon Admin.
adder-allowed = { $name } ({ $id }) darf ab jetzt Bilder hinzufügen und das eigene Hinzufügen rückgängig machen.
adder-forbidden = { $name } darf nicht mehr hinzufügen.
adders-title = <b>Neben den Admins dürfen hinzufügen:</b>
adders-line = { $name } ({ $id })
adders-nobody = Nur die Admins dürfen hinzufügen. /adder erlaubt es anderen.
notify-on = Dieser Chat erfährt, was andere hinzufügen. <code>/notify off</code> beendet das.
notify-off = Dieser Chat erfährt nicht, was andere hinzufügen. <code>/notify on</code> ändert das.
heard-added =
    { $count ->
        [one] <b>{ $name }</b> hat { $count } Bild hinzugefügt: id { $ids }
       *[other] <b>{ $name }</b> hat { $count } Bilder hinzugefügt: ids { $ids }
    }
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
added-title = „{ $title }“
added-forbidden = Sie dürfen nicht mehr hinzufügen: Der Rest wurde nicht hinzugefügt.
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
remove-missing =
    { $count ->
        [one] In der Bibliothek gibt es kein Bild mit der id { $ids }. Es wurde nichts entfernt.
       *[other] In der Bibliothek gibt es keine Bilder mit den ids { $ids }. Es wurde nichts entfernt.
    }
remove-too-many =
    { $count ->
        [one] Auf einmal lässt sich höchstens { $count } Bild entfernen.
       *[other] Auf einmal lassen sich höchstens { $count } Bilder entfernen.
    }
remove-this = Ist das das Bild, das entfernt werden soll?
removed = Entfernt: id { $id } · { $title }
retitle-how = Antworten Sie auf ein Bild mit /retitle und dem neuen Titel oder #Schlagwörtern, oder schreiben Sie zuerst die id: /retitle 17 Neuer Titel #schlagwort
retitle-missing = In der Bibliothek gibt es kein Bild mit der id { $id }.
retitled = id { $id }: { $title } { $tags }
kept = { $better } behalten, { $lesser } entfernt.
done-already = Das ist erledigt.
undo-how = /undo nimmt Ihre letzte Änderung zurück, /undo 17 die mit dieser Nummer aus /history. Zurückgenommen wurde nichts.
undo-missing = Es gibt keine Aktion { $id }, die sich rückgängig machen ließe.
undo-own-only = Rückgängig machen können Sie nur, was Sie selbst hinzugefügt haben.
history-title = <b>Die letzten Änderungen</b>
history-nothing = In der Bibliothek wurde noch nichts geändert.
history-line = <b>{ $id }</b> · { $at } · { $who }
history-undone = rückgängig gemacht
actor-api = Seite oder API
actor-shell = Kommandozeile
actor-watch = überwachter Ordner
actor-samples = Beispielbilder
actor-engine = PicTrace selbst
history-add =
    { $count ->
        [one] { $count } Bild hinzugefügt
       *[other] { $count } Bilder hinzugefügt
    }
history-remove =
    { $count ->
        [one] { $count } Bild entfernt
       *[other] { $count } Bilder entfernt
    }
history-edit =
    { $count ->
        [one] { $count } Bild bearbeitet
       *[other] { $count } Bilder bearbeitet
    }
history-restore =
    { $count ->
        [one] { $count } Bild zurückgeholt
       *[other] { $count } Bilder zurückgeholt
    }
history-undo =
    { $count ->
        [one] Änderung an { $count } Bild rückgängig gemacht
       *[other] Änderung an { $count } Bildern rückgängig gemacht
    }
history-decision =
    { $count ->
        [one] Über { $count } fast gleiches Bild entschieden
       *[other] Über { $count } fast gleiche Bilder entschieden
    }
history-repair =
    { $count ->
        [one] { $count } Bild bei einer Reparatur herausgenommen
       *[other] { $count } Bilder bei einer Reparatur herausgenommen
    }
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
undone-restore =
    { $count ->
        [one] Rückgängig gemacht: Zurückholen von { $count } Bild ({ $at }).
       *[other] Rückgängig gemacht: Zurückholen von { $count } Bildern ({ $at }).
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
find-how = Antworten Sie auf ein Bild mit /find, schicken Sie eines mit der Bildunterschrift /find oder schreiben Sie /find und einen Link. Mit einem #Schlagwort dahinter suche ich nur unter Bildern mit diesem.
not-a-picture = Diese Datei ist kein Bild. Möglich sind JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF und HEIC.
no-preview = Zu diesem Video, GIF oder Sticker gibt es kein Vorschaubild, das ich ansehen könnte. Schicken Sie bitte ein Standbild daraus.
web-page = Das ist eine Webseite, die kein eigenes Bild angibt. Öffnen Sie das Bild selbst und kopieren Sie seine Adresse, oder schicken Sie es mir.
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
