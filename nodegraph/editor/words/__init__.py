"""What the editor says, and in which language. `from nodegraph.editor.words import _`."""

from nodegraph.editor.words.catalogue import LANGUAGES, N_, Language, _, ngettext, use_language
from nodegraph.editor.words.told import told

__all__ = ["LANGUAGES", "N_", "Language", "_", "ngettext", "told", "use_language"]
