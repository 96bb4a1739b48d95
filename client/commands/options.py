"""The options of the command line: names, ranges, words, groups. What several commands share is declared once."""

from pathlib import Path
from typing import Annotated, Final

from typer import Argument, Option

GAME: Final = "The game"
PLACES: Final = "Where things go"
SCREEN: Final = "The screen"
TROUBLE: Final = "Trouble on purpose"
PAIR: Final = "The pair"
RULES: Final = "Rules of the study"

# --- the game -----------------------------------------------------------------------------------------------------

Game = Annotated[str, Option(metavar="NAME", help="foraging or crossing.", rich_help_panel=GAME)]
Episodes = Annotated[int, Option(metavar="N", min=1, max=1000, help="How many episodes.", rich_help_panel=GAME)]
Frames = Annotated[
    int | None,
    Option(metavar="N", min=1, help="An episode's length in frames.", show_default="60 s", rich_help_panel=GAME),
]
Hz = Annotated[int, Option(metavar="N", min=10, max=240, help="Frames per second.", rich_help_panel=GAME)]
Seed = Annotated[
    int | None,
    Option(
        metavar="N", help="Fixes layouts and bots, not network timing.", show_default="by chance", rich_help_panel=GAME
    ),
]
BotSeats = Annotated[
    str | None,
    Option(
        "--bots",
        metavar="left|right|both|none",
        help="Which seats a bot plays.",
        show_default="right; both with --headless",
        rich_help_panel=GAME,
    ),
]
IsBot = Annotated[bool, Option("--bot", metavar="", help="A bot plays this seat.", rich_help_panel=GAME)]

# --- the pair of machines -------------------------------------------------------------------------------------------

SeatWord = Annotated[
    str, Option("--seat", metavar="left|right", help="left listens, right connects.", rich_help_panel=PAIR)
]
Keys = Annotated[
    Path,
    Option(metavar="DIR", help="What `dyadgrid keys` made, copied to both machines.", rich_help_panel=PAIR),
]
Dyad = Annotated[
    str, Option(metavar="ID", help="The pair's id: letters, digits, dashes; equal on both.", rich_help_panel=PAIR)
]
SessionId = Annotated[
    str, Option("--session", metavar="ID", help="The session's id; equal on both.", rich_help_panel=PAIR)
]
Participant = Annotated[str, Option(metavar="ID", help="Who sits at this machine.", rich_help_panel=PAIR)]
Study = Annotated[str, Option(metavar="ID", help="The study's id; equal on both.", rich_help_panel=PAIR)]
Listen = Annotated[
    str | None, Option(metavar="ADDR", help="left: tcp://ADDRESS:PORT of this machine.", rich_help_panel=PAIR)
]
Partner = Annotated[
    str | None,
    Option(metavar="ADDR", help="right: the left machine's tcp://ADDRESS:PORT.", rich_help_panel=PAIR),
]

# --- rules of the study ---------------------------------------------------------------------------------------------

DelayFrames = Annotated[int, Option(metavar="N", min=0, max=30, help="Input delay D.", rich_help_panel=RULES)]
WindowFrames = Annotated[
    int | None,
    Option(
        metavar="N", min=0, max=240, help="Prediction window W.", show_default="half a second", rich_help_panel=RULES
    ),
]
AwayLimit = Annotated[
    float,
    Option(
        "--away-limit-seconds",
        metavar="S",
        min=0,
        help="End an episode when a seat was away for so long.",
        show_default="never",
        rich_help_panel=RULES,
    ),
]
Rejoin = Annotated[
    float | None,
    Option(
        "--rejoin-seconds",
        metavar="S",
        min=0,
        help="How long to wait for a restarted partner.",
        show_default="as long as you want",
        rich_help_panel=RULES,
    ),
]
LostSeconds = Annotated[
    float,
    Option(
        "--lost-seconds",
        metavar="S",
        min=1,
        help="How long a partner may be out of reach before the episode is cut.",
        rich_help_panel=RULES,
    ),
]

# --- where things go ------------------------------------------------------------------------------------------------

DemoHome = Annotated[
    Path | None,
    Option(
        "--home",
        metavar="DIR",
        help="Where the two stations keep everything: DIR/left and DIR/right.",
        show_default="a folder of this user's",
        rich_help_panel=PLACES,
    ),
]
StationHome = Annotated[
    Path | None,
    Option(
        "--home",
        metavar="DIR",
        help="Where this station keeps its recordings.",
        show_default="a folder of this user's",
        rich_help_panel=PLACES,
    ),
]
SecondHome = Annotated[
    Path | None,
    Option(
        "--second-home",
        metavar="DIR",
        help="Where to record if the disk of --home fails: best on another disk.",
        show_default="this program's memory",
        rich_help_panel=PLACES,
    ),
]
SyncHome = Annotated[
    Path | None,
    Option("--home", metavar="DIR", help="A station, or a folder of stations.", show_default="all of this user's"),
]
ShareAddress = Annotated[
    str | None,
    Option(
        "--share",
        metavar="DIR|URL",
        help="Where episodes are delivered to: a folder that exists, or a URL (file:, smb:, collector:).",
        show_default="a folder of this user's",
        rich_help_panel=PLACES,
    ),
]
DeliveryWait = Annotated[
    float,
    Option(metavar="S", min=0, help="How long to wait for receipts at the end.", rich_help_panel=PLACES),
]
AsJson = Annotated[bool, Option("--json", metavar="", help="Print one JSON object as the last line.")]
EpisodePaths = Annotated[list[Path], Argument(metavar="PATH", help="Episode files, folders, a share.")]
Jobs = Annotated[
    int | None,
    Option(
        "--jobs",
        metavar="N",
        min=1,
        max=256,
        help="How many processes work at once.",
        show_default="all cores; one for little work",
    ),
]
EveryEpisode = Annotated[
    bool, Option("--every-episode", metavar="", help="A line for each episode, however many there are.")
]
ExportSources = Annotated[list[Path], Argument(metavar="SRC", help="A share, station homes, folders, files.")]
ExportTarget = Annotated[
    Path, Option("--to", metavar="DIR", help="A new or empty folder, or an earlier export, which is replaced.")
]
ExportFormat = Annotated[str, Option("--format", metavar="parquet|csv|pairs-csv", help="What to write.")]
IncludePartial = Annotated[
    bool, Option("--include-partial", metavar="", help="Also episodes that stop before their end; marked.")
]
IncludeDivergent = Annotated[
    bool, Option("--include-divergent", metavar="", help="Also episodes whose seats differ, both records; marked.")
]
ReportSources = Annotated[list[Path], Argument(metavar="SRC", help="Station homes, a share, folders, files.")]
ReportFile = Annotated[
    Path | None,
    Option(
        "--to",
        metavar="FILE",
        help="The page; an earlier report of that name is replaced.",
        show_default="report_STUDY_....html in this folder",
    ),
]
Limits = Annotated[
    list[str] | None,
    Option(
        "--limit",
        metavar="NAME=VALUE",
        help="From where on an episode is remarkable: away_percent, held_percent, round_trip_ms, late_ms, "
        "untrue_percent.",
        show_default=False,
    ),
]
StatusPaths = Annotated[list[Path], Argument(metavar="SRC...", help="A share, a station, or folders of them.")]
KeysFolder = Annotated[
    Path, Argument(metavar="DIR", help="A new or empty folder; with --collector, more may be added.")
]
ForCollector = Annotated[
    bool, Option("--collector", metavar="", help="Keys of a collector and its stations, instead of a pair's.")
]
StationNames = Annotated[
    list[str] | None,
    Option("--station", metavar="NAME", help="With --collector: make keys for this machine. May be repeated."),
]
StationCount = Annotated[
    int | None,
    Option(
        "--stations",
        metavar="N",
        min=1,
        max=100,
        help="With --collector: for pc-1 to pc-N.",
        show_default=False,
    ),
]

# --- the collector ----------------------------------------------------------------------------------------------------

CollectorFolder = Annotated[
    Path, Option("--dir", metavar="DIR", help="Where episodes are kept; made if it is new.", rich_help_panel=PLACES)
]
CollectorListen = Annotated[
    str | None,
    Option("--listen", metavar="ADDR", help="tcp://ADDRESS:PORT of this machine, or tcp://*:PORT.", show_default=False),
]
CollectorKeysFolder = Annotated[
    Path | None,
    Option("--keys", metavar="DIR", help="What `dyadgrid keys DIR --collector` made.", show_default=False),
]
ImportArchives = Annotated[
    list[Path] | None,
    Option(
        "--import",
        metavar="ARCHIVE",
        help="Take what `dyadgrid outbox export` packed, and end. May be repeated.",
        show_default=False,
    ),
]
Rebuild = Annotated[
    bool, Option("--rebuild", metavar="", help="Make the index anew from every byte in DIR; alone, then end.")
]
CheckJobs = Annotated[
    int, Option("--jobs", metavar="N", min=0, max=64, help="Processes that play arrived episodes again.")
]

# --- the screen -----------------------------------------------------------------------------------------------------

Headless = Annotated[
    bool, Option("--headless", metavar="", help="No window, and no display needed.", rich_help_panel=SCREEN)
]
FullScreen = Annotated[
    bool, Option("--full-screen", metavar="", help="Fill the screen, without a border.", rich_help_panel=SCREEN)
]
OwnLanguage = Annotated[
    str | None,
    Option(
        "--language", metavar="en|de", help="The language of the window.", show_default="en", rich_help_panel=SCREEN
    ),
]
TextSize = Annotated[
    float | None,
    Option("--text-size", metavar="X", help="All texts so much larger.", show_default="1", rich_help_panel=SCREEN),
]
ReducedMotion = Annotated[
    bool | None,
    Option("--reduced-motion", metavar="", help="Nothing hops or pops.", show_default=False, rich_help_panel=SCREEN),
]
WindowMode = Annotated[
    str | None,
    Option(
        "--window",
        metavar="window|borderless|full-screen",
        help="How the window opens; F11 fills the screen.",
        show_default="window",
        rich_help_panel=SCREEN,
    ),
]
WindowSize = Annotated[
    str | None,
    Option(
        "--size", metavar="WxH", help="The window's size in pixels.", show_default="1000x760", rich_help_panel=SCREEN
    ),
]
KeyTexts = Annotated[
    list[str] | None,
    Option(
        "--key",
        metavar="ACTION=KEY[,KEY]",
        help="Other keys for an action, by place on a US keyboard or scancode.",
        show_default=False,
        rich_help_panel=SCREEN,
    ),
]
SettingsPath = Annotated[
    Path | None,
    Option(
        "--settings",
        metavar="FILE",
        help="Where these settings stand too; see `dyadgrid settings`.",
        show_default="this user's, if there is one",
        rich_help_panel=SCREEN,
    ),
]
NoSettings = Annotated[bool, Option("--no-settings", hidden=True)]
FinalSeconds = Annotated[
    float, Option(metavar="S", min=0, help="How long the last screen stays.", rich_help_panel=SCREEN)
]

# --- trouble on purpose ---------------------------------------------------------------------------------------------

LagMs = Annotated[
    float,
    Option(
        metavar="MS", min=0, max=5000, help="Delay every packet, each way.", show_default=False, rich_help_panel=TROUBLE
    ),
]
JitterMs = Annotated[
    float,
    Option(
        metavar="MS", min=0, max=5000, help="Delay it further by chance.", show_default=False, rich_help_panel=TROUBLE
    ),
]
Loss = Annotated[
    float,
    Option(
        metavar="P", min=0, max=0.95, help="Lose this share of packets.", show_default=False, rich_help_panel=TROUBLE
    ),
]
AwayTexts = Annotated[
    list[str] | None,
    Option(
        "--away",
        metavar="SEAT:FROM-TO",
        help="In each episode that seat loses the focus at frame FROM and has it back at TO.",
        rich_help_panel=TROUBLE,
    ),
]
FreezeTexts = Annotated[
    list[str] | None,
    Option(
        "--freeze",
        metavar="SEAT:FRAME:SECONDS",
        help="In each episode that seat's process is stopped for so long.",
        rich_help_panel=TROUBLE,
    ),
]

# --- inspect --------------------------------------------------------------------------------------------------------

LeftRecord = Annotated[
    Path, Argument(metavar="LEFT", help="A .dyadlog, a .dyad beside it, an episode's folder, a station, a share.")
]
RightRecord = Annotated[
    Path | None,
    Argument(metavar="RIGHT", help="The same of the other seat, if LEFT does not hold both.", show_default=False),
]
EpisodeNumber = Annotated[
    int | None,
    Option("--episode", metavar="N", min=1, help="Which episode of a station or share.", show_default="the only one"),
]
RunPrefix = Annotated[
    str, Option("--run", metavar="ID", help="Which run, or how its id begins.", show_default="the newest")
]
FrameSpan = Annotated[
    str, Option("--frames", metavar="FROM-TO", help="Lay these frames side by side.", show_default=False)
]
OnlyTopic = Annotated[
    str,
    Option(
        "--only",
        metavar="TOPIC",
        help="Only holds, rollbacks, away, late or differences, and all of them.",
        show_default=False,
    ),
]
HtmlFile = Annotated[
    Path | None, Option("--html", metavar="FILE", help="Write a page with a timeline, for any browser, offline.")
]

# --- replay ---------------------------------------------------------------------------------------------------------

ReplayFile = Annotated[Path, Argument(metavar="FILE", help="A canonical file (.dyad), or the folder of one episode.")]
ReplayLocal = Annotated[
    Path | None,
    Option("--local", metavar="FILE", help="A seat's local record (.dyadlog).", show_default="those beside FILE"),
]
ReplaySeat = Annotated[
    str | None,
    Option("--seat", metavar="left|right", help="Whose view to begin with.", show_default="left, or that of --local"),
]
AsShown = Annotated[bool, Option("--shown", metavar="", help="Begin with what the seat was shown, not what is true.")]
StartFrame = Annotated[int, Option("--frame", metavar="N", min=0, help="The frame to begin at.", show_default="0")]
Png = Annotated[
    tuple[int, Path] | None,
    Option("--png", metavar="FRAME OUT", help="Write a picture of a frame, without a display.", show_default=False),
]

# --- between our own processes --------------------------------------------------------------------------------------

RunId = Annotated[str | None, Option("--run", hidden=True)]
DesktopHalf = Annotated[str | None, Option("--half", hidden=True)]
TellsReports = Annotated[bool, Option("--reports", hidden=True)]
NoCourier = Annotated[bool, Option("--no-courier", hidden=True)]
CourierHomes = Annotated[list[Path], Option("--home")]
ParentPid = Annotated[int, Option("--parent")]
GivenRun = Annotated[str, Option("--run")]
