"""Every word a participant reads, in each language. Text is data: a catalogue lacks no key and no placeholder.

A key that no catalogue has is shown as it is, so a lab's own game can bring plain sentences instead of keys.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Catalogue = Mapping[str, str]

ENGLISH: Final[Catalogue] = MappingProxyType(
    {
        "you": "You",
        "partner": "Partner",
        "team": "Team score",
        "team.short": "Team",
        "tag.you": "YOU",
        "tag.partner": "PARTNER",
        "tag.away": "AWAY",
        "round": "Round {round} of {rounds}",
        "seat.left": "left seat",
        "seat.right": "right seat",
        "status.here": "Partner is here",
        "status.here.more": "Connected",
        "status.away": "Partner is away",
        "status.away.more": "Connected",
        "status.holding": "Waiting for partner",
        "status.holding.more": "The game stands still",
        "status.silent": "Partner not reachable",
        "status.silent.more": "For {seconds} s",
        "status.waiting": "Looking for partner",
        "status.waiting.more": "Not connected yet",
        "status.over": "Session over",
        "status.over.more": "Nothing more to do",
        "status.refused": "Cannot play",
        "status.refused.more": "Please call for help",
        "guide.title": "How to score",
        "guide.foraging.carry": "Walk over a gem to pick it up",
        "guide.foraging.own": "Bring it to your pad: +1",
        "guide.foraging.join": "Both within {join_seconds} s: +{join_points} for the team",
        "keys.title": "Keys",
        "keys.move": "move",
        "keys.act": "put down",
        "keys.space": "Space",
        "details.title": "For the experimenter",
        "figures.title": "Network",
        "notice.partner_away": "Your partner's window is in the background",
        "notice.partner_away.more": "Their player stands still; the round goes on.",
        "notice.holding": "Waiting for your partner",
        "notice.holding.more": "The game stands still for a moment. No time is lost.",
        "notice.silent": "Your partner cannot be reached",
        "notice.silent.more": "Trying again … the round ends in {seconds} s.",
        "notice.silent.more.open": "Trying again …",
        "notice.fast_forward": "What you missed: {seconds} s",
        "notice.fast_forward.more": "Played quickly, then you go on.",
        "away.title": "Your window is in the background",
        "away.more": "The round goes on. Click here to come back.",
        "waiting.title": "Waiting for your partner",
        "waiting.more": "The round begins as soon as both of you are here.",
        "trouble.stranger": "A computer with other keys was turned away. Please call the experimenter.",
        "trouble.wrong_key": "The two computers have different keys. Please call the experimenter.",
        "trouble.nobody_listens": "Your partner's computer does not answer yet.",
        "trouble.no_answer": "Another program answers in your partner's place. Please call the experimenter.",
        "countdown.title": "Get ready",
        "countdown.you_are": "This is you",
        "result.title": "Round {round} of {rounds} is over",
        "result.next": "Next round in {seconds}",
        "result.wait": "The next round begins soon …",
        "finished.title": "All rounds are over",
        "finished.more": "Thank you for playing! Please tell the experimenter that you are done.",
        "finished.early": "The session has ended",
        "finished.unplayed": "No round was played. Please tell the experimenter.",
        "refused.title": "This session cannot start",
        "refused.more": "Please call the experimenter.",
        "outcome.aborted": "The round was ended early.",
        "outcome.aborted_own": "You ended the round.",
        "outcome.aborted_partner": "Your partner ended the round.",
        "outcome.away_limit": "The round ended because a player was away for too long.",
        "outcome.cut": "The connection to your partner was lost.",
        "outcome.partner_left": "Your partner's program has ended.",
        "outcome.left": "You left the round.",
        "outcome.diverged": "The two computers disagree. Please call the experimenter.",
        "alarm": "Please call the experimenter",
        "hint.details": "F1 details",
    }
)

GERMAN: Final[Catalogue] = MappingProxyType(
    {
        "you": "Du",
        "partner": "Partner",
        "team": "Gemeinsame Punkte",
        "team.short": "Team",
        "tag.you": "DU",
        "tag.partner": "PARTNER",
        "tag.away": "ABWESEND",
        "round": "Runde {round} von {rounds}",
        "seat.left": "linker Platz",
        "seat.right": "rechter Platz",
        "status.here": "Partner ist da",
        "status.here.more": "Verbunden",
        "status.away": "Partner ist abwesend",
        "status.away.more": "Verbunden",
        "status.holding": "Warten auf Partner",
        "status.holding.more": "Das Spiel steht still",
        "status.silent": "Partner nicht erreichbar",
        "status.silent.more": "Seit {seconds} s",
        "status.waiting": "Partner wird gesucht",
        "status.waiting.more": "Noch nicht verbunden",
        "status.over": "Sitzung beendet",
        "status.over.more": "Es ist nichts mehr zu tun",
        "status.refused": "Kein Spiel möglich",
        "status.refused.more": "Bitte um Hilfe bitten",
        "guide.title": "So gibt es Punkte",
        "guide.foraging.carry": "Lauf über einen Edelstein, um ihn aufzuheben",
        "guide.foraging.own": "Bring ihn auf dein Feld: +1",
        "guide.foraging.join": "Beide innerhalb von {join_seconds} s: +{join_points} fürs Team",
        "keys.title": "Tasten",
        "keys.move": "laufen",
        "keys.act": "ablegen",
        "keys.space": "Leertaste",
        "details.title": "Für die Versuchsleitung",
        "figures.title": "Netzwerk",
        "notice.partner_away": "Das Fenster deines Partners ist im Hintergrund",
        "notice.partner_away.more": "Seine Figur steht still, die Runde läuft weiter.",
        "notice.holding": "Warten auf deinen Partner",
        "notice.holding.more": "Das Spiel steht kurz still. Es geht keine Zeit verloren.",
        "notice.silent": "Dein Partner ist nicht erreichbar",
        "notice.silent.more": "Neuer Versuch … die Runde endet in {seconds} s.",
        "notice.silent.more.open": "Neuer Versuch …",
        "notice.fast_forward": "Was du verpasst hast: {seconds} s",
        "notice.fast_forward.more": "Im Zeitraffer, dann geht es weiter.",
        "away.title": "Dein Fenster ist im Hintergrund",
        "away.more": "Die Runde läuft weiter. Klick hier, um zurückzukommen.",
        "waiting.title": "Warten auf deinen Partner",
        "waiting.more": "Die Runde beginnt, sobald ihr beide da seid.",
        "trouble.stranger": "Ein Rechner mit anderen Schlüsseln wurde abgewiesen. Bitte ruf die Versuchsleitung.",
        "trouble.wrong_key": "Die beiden Rechner haben verschiedene Schlüssel. Bitte ruf die Versuchsleitung.",
        "trouble.nobody_listens": "Der Rechner deines Partners antwortet noch nicht.",
        "trouble.no_answer": "Ein anderes Programm antwortet statt deines Partners. Bitte ruf die Versuchsleitung.",
        "countdown.title": "Gleich geht es los",
        "countdown.you_are": "Das bist du",
        "result.title": "Runde {round} von {rounds} ist vorbei",
        "result.next": "Nächste Runde in {seconds}",
        "result.wait": "Die nächste Runde beginnt gleich …",
        "finished.title": "Alle Runden sind vorbei",
        "finished.more": "Danke fürs Mitspielen! Bitte sag der Versuchsleitung, dass du fertig bist.",
        "finished.early": "Die Sitzung ist beendet",
        "finished.unplayed": "Es wurde keine Runde gespielt. Bitte sag der Versuchsleitung Bescheid.",
        "refused.title": "Diese Sitzung kann nicht beginnen",
        "refused.more": "Bitte ruf die Versuchsleitung.",
        "outcome.aborted": "Die Runde wurde vorzeitig beendet.",
        "outcome.aborted_own": "Du hast die Runde beendet.",
        "outcome.aborted_partner": "Dein Partner hat die Runde beendet.",
        "outcome.away_limit": "Die Runde wurde beendet, weil jemand zu lange abwesend war.",
        "outcome.cut": "Die Verbindung zu deinem Partner ist abgebrochen.",
        "outcome.partner_left": "Das Programm deines Partners wurde beendet.",
        "outcome.left": "Du hast die Runde verlassen.",
        "outcome.diverged": "Die beiden Rechner sind sich uneinig. Bitte ruf die Versuchsleitung.",
        "alarm": "Bitte ruf die Versuchsleitung",
        "hint.details": "F1 Details",
    }
)

CATALOGUES: Final[Mapping[str, Catalogue]] = MappingProxyType({"en": ENGLISH, "de": GERMAN})


class Texts:
    """The words of one language.

    Raises:
        KeyError: there is no such language; `CATALOGUES` lists them.
    """

    def __init__(self, language: str = "en") -> None:
        self._catalogue = CATALOGUES[language]

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of a key with its placeholders filled in, or the key itself if it is no key."""
        words = self._catalogue.get(key, key)
        return words.format_map(values) if values else words


def guide_values(config: Mapping[str, int], tick_rate: int) -> dict[str, int | str]:
    """A game's configuration as the guide's texts want it: as it is, and every `x_ticks` as `x_seconds` besides."""
    seconds = {
        f"{name.removesuffix('_ticks')}_seconds": f"{ticks / tick_rate:.1f}".removesuffix(".0")
        for name, ticks in config.items()
        if name.endswith("_ticks")
    }
    return {**config, **seconds}


def clock(seconds: float) -> str:
    """Minutes and seconds still to come: 0:01 until the very end, then 0:00."""
    whole = max(0, -int(-seconds // 1))
    return f"{whole // 60}:{whole % 60:02d}"
