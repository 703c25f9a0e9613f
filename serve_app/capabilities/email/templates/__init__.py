"""The forms of mails (MJML for HTML, and a text beside each), and the catalogues of their words in other languages.

notice.mjml, notice.txt   one thing that happened: a heading, paragraphs, perhaps a code, facts, buttons
digest.mjml, digest.txt   several things that waited

The folder of locales has gettext catalogues: a language is added by adding one; what is missing in it is English
"""
