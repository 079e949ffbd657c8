"""What everybody tries first: words that a password must not consist of."""

from __future__ import annotations

# Passwords have ten characters at least, so what is short stands here as what longer ones are
# made of: `Password123!` is `password` with decoration, `dragondragon` is `dragon` twice.
COMMON_WORDS = frozenset(
    """
    abc abcabc abcd abcde abcdef abcdefg abcdefgh abcdefghij abcdefghijk access account admin
    administrator administration adobe amanda andrew angel angels apple asdasd asdf asdfasdf asdfgh
    asdfghjkl ashley august austin autumn azerty azertyuiop baseball basketball batman beautiful
    blink bonjour buster butterfly changeit changeme charlie cheese chocolate chelsea computer
    cookie daniel dashboard database default demo december diamond donald dragon edward elephant
    facebook family flower football forever freedom friends friend george ginger google
    guest hannah harley heliograph hello hellohello helloworld hockey hunter hunting iloveu iloveyou
    iloveyousomuch internet ironman jackson january jasmine jennifer jessica jordan joshua julian
    jupiter justin killer kuroneko liverpool letmein letmeinplease linkedin login london lovely
    loveme loveyou lovelove maggie manager manchester marketing master matrix matthew merlin
    mercedes michael michelle
    minecraft monday monkey mother mustang mypassword mynoob naruto nicole newyork
    ninja november october oracle orange pass passphrase passpass password passwort passw pepper
    phoenix pokemon postgres postgresql princess private purple qazwsx qazwsxedc qwaszx qwer qwert
    qwerty qwertyui qwertyuiop qwertz qwertzuiop qwe qweasd qweasdzxc qweqwe rangers ranger robert
    root saturday samsung samantha secret secure security september service shadow slipknot
    soccer solo spiderman spring starwars summer sunday sunshine superadmin superman superuser
    support sysadmin system taylor temp temporary test tester testing testtest thomas thunder
    thursday tigger tinkerbell toor trustno tuesday user username user welcome whatever william
    winter wednesday wordpass yankees zaqxsw zaq zxcvbn zxcvbnm zxc asd correcthorsebatterystaple
    thisisapassword qwertypassword adminadmin passwordpassword letmeinnow motdepasse contrasena
    """.split()  # noqa: SIM905
)

COMMON_SEQUENCES = (
    "01234567890123456789",
    "98765432109876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "zyxwvutsrqponmlkjihgfedcba",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "zaq12wsxcde34rfvbgt56yhnmju78ik",
)
"""Rows of keys and of numbers; a password must not be a run along one of them."""
