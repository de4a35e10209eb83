"""Clusters and trained predictors."""

from readingroom.core.disclosure.models.machine_learning import Classifier, Clustering, InstanceBased, Trees
from readingroom.core.disclosure.models.rules.clusters import check_clusters
from readingroom.core.disclosure.models.rules.instances import check_instances
from readingroom.core.disclosure.models.rules.leaves import check_leaves
from readingroom.core.disclosure.models.rules.probabilities import check_probabilities
from readingroom.core.disclosure.output_types.model import OutputType

SOURCE = "SACRO-ML 2.0.1 (2026); GRAIMATTER green paper (2022); SDC-Reboot (2024)"

CLUSTERING = OutputType(
    name="clustering",
    title="Clusters",
    statbarn="Clusters",
    risks=("low counts", "one person as a cluster"),
    evidence="Distinct people of every cluster, and what is published of them.",
    reading="A cluster of few is these few. A dendrogram or a scatter of clusters has a mark for each person.",
    source="SACRO statbarns (T. Green and others, 2024)",
    description=Clustering,
    types={"clustering": ("clusters", "k-means", "kmeans", "hierarchical-clustering", "dbscan", "gaussian-mixture",
                          "latent-class")},
    rules=(check_clusters,),
    example={"type": "clustering", "units": 180, "clusters": [80, 60, 40], "includes": ["sizes"]},
)

TREES = OutputType(
    name="trees",
    title="Decision trees and forests",
    statbarn="Clusters",
    risks=("low counts in a leaf", "class disclosure", "membership inference"),
    evidence="Distinct people of the smallest leaf, whether a leaf is pure, the depth.",
    reading="Every leaf is a cell of a table whose rows are the splits. Ask for people per leaf, not rows.",
    source=SOURCE,
    description=Trees,
    types={"tree": ("decision-tree", "regression-tree", "classification-tree", "cart"),
           "forest": ("random-forest", "extra-trees"),
           "boosting": ("gradient-boosting", "xgboost", "lightgbm", "adaboost")},
    rules=(check_leaves,),
    example={"type": "tree", "n": 1000, "units": 1000, "leaf_units_min": 40, "leaf_count": 12, "depth": 4,
             "pure_leaves": 0},
)

CLASSIFIER = OutputType(
    name="classifier",
    title="Classifiers published by their parameters",
    statbarn="Correlation coefficients",
    risks=("low degrees of freedom", "small groups predicted alike", "membership inference"),
    evidence="People, parameters, the fewest people predicted alike, the smallest probability.",
    reading="The more parameters per person, the more it remembers. Ask for the report of an attack.",
    source=SOURCE,
    description=Classifier,
    types={"classifier": ("neural-network", "mlp", "naive-bayes", "logistic-classifier", "classification-model")},
    rules=(check_probabilities,),
    example={"type": "classifier", "n": 5000, "units": 5000, "parameters": 12, "residual_df": 4988,
             "smallest_group": 25, "probability_min": 0.03, "probability_max": 0.97},
)

INSTANCE_BASED = OutputType(
    name="instance-based",
    title="Predictors that keep people's rows",
    statbarn="none: microdata",
    risks=("microdata",),
    evidence="None makes it safe.",
    reading="The file holds people's rows, whatever it is called. It does not leave.",
    source=SOURCE,
    description=InstanceBased,
    types={"knn": ("k-nearest-neighbours", "k-nearest-neighbors", "nearest-neighbours", "nearest-neighbors",
                   "k-nearest-neighbour", "k-nearest-neighbor"),
           "svc": ("svm", "support-vector-machine", "support-vector-classifier", "svr"),
           "kernel": ("kernel-density", "kernel-regression", "kde", "gaussian-process", "kernel-ridge"),
           "case-based": ("case-based-reasoning", "instance-based")},
    rules=(check_instances,),
    example={"type": "knn", "n": 3000, "units": 3000, "kept": 3000},
)
