"""People's keys and tokens for remotes: encrypted, given to git only for the host that they are for."""
