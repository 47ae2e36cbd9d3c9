"""How things look: colours, sizes, fonts, icons. No DearPyGui here."""
