// The direction of data is the direction of imports: a room knows only the rooms its data came from.
const path = [
  'capture',
  'slots',
  'shard',
  'link',
  'ip',
  'transport',
  'protocols',
  'activity',
  'worker',
  'order',
  'entity',
  'sink',
];
const PURE = '^src/(bytes|slots|shard|link|ip|transport|protocols|activity)/';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    {
      name: 'pure-rooms',
      comment:
        'Everything up to activities is pure: no Node built-ins, no packages. A schema is for tests, explain and generators.',
      severity: 'error',
      from: { path: PURE, pathNot: '/schema\\.ts$|/explain\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional'] },
    },
    {
      name: 'bytes-is-the-floor',
      severity: 'error',
      from: { path: '^src/bytes/' },
      to: { path: '^src/', pathNot: '^src/bytes/' },
    },
    {
      name: 'protocols-know-no-packets',
      comment: 'A protocol knows bytes, addresses and its contract; sources, threads, JSON and sinks are not its business.',
      severity: 'error',
      from: { path: '^src/protocols/' },
      to: { path: '^src/', pathNot: '^src/(protocols|bytes)/|^src/ip/(parse-)?address\\.ts$' },
    },
    {
      name: 'protocols-do-not-know-each-other',
      comment:
        'Carriers may read the tokens they carry: gss, and through it ntlm and kerberos. LDAP may turn into TLS, SMB pipes carry DCE/RPC.',
      severity: 'error',
      from: { path: '^src/protocols/([^/]+)/' },
      to: {
        path: '^src/protocols/([^/]+)/',
        pathNot: ['^src/protocols/$1/', '^src/protocols/(gss|tls)/', '^src/protocols/(dcerpc|ntlm|kerberos)/'],
      },
    },
    {
      name: 'inner-tokens-know-no-carrier',
      severity: 'error',
      from: { path: '^src/protocols/(ntlm|kerberos|tls)/' },
      to: { path: '^src/protocols/(gss|smb|ldap|http|mail|dcerpc|dns)/' },
    },
    {
      name: 'sources-know-no-protocols',
      severity: 'error',
      from: { path: '^src/(capture|slots|link|ip)/' },
      to: { path: '^src/(protocols|activity|worker|order|entity|sink|runtime|cli)/', pathNot: '^src/protocols/limits\\.ts$' },
    },
    {
      name: 'later-rooms-stay-behind',
      comment: 'Nothing before the sinks knows runtimes, commands or metrics.',
      severity: 'error',
      from: { path: `^src/(${path.join('|')})/` },
      to: { path: '^src/(runtime|cli|metrics|explain|bench|sizing|report)/' },
    },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, path: '^src/', pathNot: '\\.d\\.ts$' }, to: {} },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
