"""What is known of common libraries, so that the analysis of a cell is exact where it can be.

Everything that is not listed here is assumed to change what it is called on and what it is given.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BUILTINS_THAT_ONLY_READ = words(
    """
    abs all any ascii bin bool bytes callable chr complex dict dir display divmod enumerate float format frozenset
    getattr hasattr hash help hex id int isinstance issubclass iter len list map max min oct ord pow print range
    repr reversed round set slice sorted str sum tuple type zip
    """
)

# Their results share nothing with what they were given.
BUILTINS_THAT_MAKE_NEW = words(
    """
    abs all any ascii bin bool bytes callable chr complex dir divmod float format hasattr hash help hex id int
    isinstance issubclass len oct ord pow print range repr round str sum
    """
)

ITERATORS = frozenset({"enumerate", "filter", "iter", "map", "open", "reader", "reversed", "zip"})

OPAQUE_NAMES = frozenset({"__import__", "eval", "exec", "globals", "locals", "reload", "vars"})

# Functions of these leave their arguments alone.
MODULES_THAT_ONLY_READ = words(
    """
    altair datetime decimal IPython itertools json math matplotlib os pandas pathlib plotly re seaborn statistics
    time workspace_ext zoneinfo
    """
)

# Results of these share nothing with their arguments.
MODULES_THAT_MAKE_NEW = frozenset({"datetime", "decimal", "json", "math", "os", "re", "time", "workspace_ext"})

# A module's function with one of these words in its name changes the module for everybody after it.
STATEFUL_WORDS = words(
    """
    activate append clear config configure disable enable environ extend filterwarnings init insert install option
    options pop random rc rcparams register reset seed set setdefault setlocale shuffle simplefilter style theme
    update use
    """
)
STATELESS_FUNCTIONS = frozenset({"default_rng", "Generator", "RandomState", "get_option"})

METHODS_THAT_ONLY_READ = words(
    """
    abs agg aggregate all any apply assign astype between bfill ceil clip copy corr count cov cummax cummin cumsum
    days describe diff difference dot drop drop_duplicates dropna dt duplicated endswith eq equals ewm expanding
    explode ffill fillna filter find first floor format ge get groupby gt head idxmax idxmin index info
    interpolate isin isna isnull isoformat items iterrows itertuples join keys kurt last le lower lstrip lt
    make_future_dataframe max mean median melt memory_usage merge min mode mul ne nlargest notna notnull nsmallest
    nunique pct_change pivot pivot_table predict predict_proba prod quantile query rank reindex rename replace
    resample reset_index rolling round rstrip score select_dtypes set_index shift size skew sort_index sort_values
    split stack startswith std strftime strip sub sum tail title to_dict to_frame to_list to_numpy to_pandas
    to_period to_timestamp tolist transform transpose tz_convert tz_localize union unique unstack upper
    value_counts values var where xs
    """
)

METHODS_THAT_MAKE_NEW = words(
    """
    all any copy count days deepcopy endswith find format isoformat lower lstrip nunique rstrip startswith
    strftime strip title to_dict upper
    """
)

HARMLESS_MAGICS = words(
    """
    autoreload colors config history html javascript latex load_ext lsmagic markdown matplotlib pdoc pinfo pinfo2
    pprint precision svg who who_ls whos xmode
    """
)
TRANSPARENT_MAGICS = frozenset({"capture", "prun", "time", "timeit"})
SHELL_MAGICS = words("! bash conda getoutput mamba pip script sh sx system uv writefile")
