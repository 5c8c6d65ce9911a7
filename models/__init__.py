"""Everything that answers: values, backends, and the facts about models. Never imports Qt or `desktop`."""
